/** Tensors written as a safetensors file. Source: huggingface/safetensors, README "Format". */
import { OutputFile } from "./output-file";

export interface NamedTensor {
  readonly name: string;
  readonly dims: readonly number[];
  readonly data: Float32Array | BigInt64Array;
}

/** The header is filled up with spaces so that the data begins at a multiple of this. */
const alignment = 8;

/** @throws FailureError `disk-full`, `write-failed`; the file is removed then. */
export async function writeSafetensors(path: string, tensors: readonly NamedTensor[]): Promise<void> {
  const header = encodeHeader(tensors);
  const bytes = tensors.reduce((n, { data }) => n + data.byteLength, header.length);
  const file = await OutputFile.create(path, bytes);
  try {
    await file.write(header, 0);
    let end = header.length;
    for (const { data } of tensors) {
      await file.write(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), end);
      end += data.byteLength;
    }
    await file.close();
  } catch (thrown) {
    await file.discard();
    throw thrown;
  }
}

/** @throws TypeError for a name that comes twice, or dims that are not those of the data. */
function encodeHeader(tensors: readonly NamedTensor[]): Buffer {
  const entries = new Map<string, { dtype: string; shape: readonly number[]; data_offsets: [number, number] }>();
  let end = 0;
  for (const { name, dims, data } of tensors) {
    if (entries.has(name)) throw new TypeError(`${name} comes twice`);
    if (dims.reduce((n, size) => n * size, 1) !== data.length) throw new TypeError(`${name} is not of its dims`);
    const begin = end;
    end += data.byteLength;
    const dtype = data instanceof Float32Array ? "F32" : "I64";
    entries.set(name, { dtype, shape: dims, data_offsets: [begin, end] });
  }
  const text = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const header = Buffer.alloc(8 + Math.ceil(text.length / alignment) * alignment, " ");
  header.writeBigUInt64LE(BigInt(header.length - 8));
  text.copy(header, 8);
  return header;
}

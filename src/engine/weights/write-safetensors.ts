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
  const header = encodeHeader(tensors.map(headerTensor));
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

/** A tensor as the header tells of it; the data of all follow in the header's order. */
export interface HeaderTensor {
  readonly name: string;
  /** As the format names element types: "F32", "BF16", "I64". */
  readonly dtype: string;
  readonly dims: readonly number[];
  readonly byteLength: number;
}

/** What a file begins with. @throws TypeError for a name that comes twice. */
export function encodeHeader(tensors: readonly HeaderTensor[]): Buffer {
  const entries = new Map<string, { dtype: string; shape: readonly number[]; data_offsets: [number, number] }>();
  let end = 0;
  for (const { name, dtype, dims, byteLength } of tensors) {
    if (entries.has(name)) throw new TypeError(`${name} comes twice`);
    const begin = end;
    end += byteLength;
    entries.set(name, { dtype, shape: dims, data_offsets: [begin, end] });
  }
  const text = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const header = Buffer.alloc(8 + Math.ceil(text.length / alignment) * alignment, " ");
  header.writeBigUInt64LE(BigInt(header.length - 8));
  text.copy(header, 8);
  return header;
}

/** @throws TypeError for dims that are not those of the data. */
function headerTensor({ name, dims, data }: NamedTensor): HeaderTensor {
  if (dims.reduce((n, size) => n * size, 1) !== data.length) throw new TypeError(`${name} is not of its dims`);
  return { name, dtype: data instanceof Float32Array ? "F32" : "I64", dims, byteLength: data.byteLength };
}

/** Tensors written as a safetensors file. Source: huggingface/safetensors, README "Format". */
import { open } from "node:fs/promises";

export interface NamedTensor {
  readonly name: string;
  readonly dims: readonly number[];
  readonly data: Float32Array | BigInt64Array;
}

/** The header is filled up with spaces so that the data begins at a multiple of this. */
const alignment = 8;

export async function writeSafetensors(file: string, tensors: readonly NamedTensor[]): Promise<void> {
  let end = 0;
  const entries = tensors.map(({ name, dims, data }) => {
    const begin = end;
    end += data.byteLength;
    const dtype = data instanceof Float32Array ? "F32" : "I64";
    return [name, { dtype, shape: dims, data_offsets: [begin, end] }] as const;
  });
  const text = JSON.stringify(Object.fromEntries(entries));
  const header = Buffer.from(text.padEnd(Math.ceil(text.length / alignment) * alignment));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const handle = await open(file, "w");
  try {
    await handle.writev([length, header]);
    for (const { data } of tensors) {
      await handle.write(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    }
  } finally {
    await handle.close();
  }
}

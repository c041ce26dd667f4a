/** Tensors of a safetensors file, read with as little code as can be: what is tested has a reader of its own. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

export interface GoldenTensor {
  readonly dims: readonly number[];
  readonly data: Float32Array | BigInt64Array;
}

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [begin: number, end: number];
}

export function readTensors(file: string): ReadonlyMap<string, GoldenTensor> {
  const bytes = readFileSync(file);
  const headerEnd = 8 + Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.subarray(8, headerEnd).toString("utf8")) as Record<string, Entry>;
  const tensors = new Map<string, GoldenTensor>();
  for (const [name, { dtype, shape, data_offsets: offsets }] of Object.entries(header)) {
    if (name === "__metadata__") continue;
    const [begin, end] = offsets;
    // Copied, so that the data is aligned.
    const { buffer } = Uint8Array.from(bytes.subarray(headerEnd + begin, headerEnd + end));
    if (dtype === "F32") tensors.set(name, { dims: shape, data: new Float32Array(buffer) });
    else if (dtype === "I64") tensors.set(name, { dims: shape, data: new BigInt64Array(buffer) });
    else assert.fail(`${file}: ${name} is ${dtype}`);
  }
  return tensors;
}

export function integersOf(tensors: ReadonlyMap<string, GoldenTensor>, name: string): number[] {
  const data = tensors.get(name)?.data;
  assert.ok(data instanceof BigInt64Array, `${name} holds no integers`);
  return Array.from(data, Number);
}

export function floatsOf(tensors: ReadonlyMap<string, GoldenTensor>, name: string): Float32Array {
  const data = tensors.get(name)?.data;
  assert.ok(data instanceof Float32Array, `${name} holds no float32`);
  return data;
}

/** Temporary folders and hand-made files for the tests of weights. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import type { TestContext } from "node:test";
import { type Failure, FailureError } from "../../../src/shared/failure";
import { convertRange } from "../../../src/engine/weights/convert-range";
import type { Checkpoint } from "../../../src/engine/weights/tensor";

/** Removed when the test ends. */
export async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), "weights-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A safetensors file of any header text, right or wrong. */
export function safetensorsBytes(header: string | object, data: Uint8Array | number = 0): Buffer {
  const text = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, typeof data === "number" ? Buffer.alloc(data) : data]);
}

/** A safetensors file of float32 tensors, whose values count up through the file. */
export async function writeCountingTensors(
  file: string,
  tensors: Readonly<Record<string, readonly number[]>>,
): Promise<void> {
  let end = 0;
  const header = Object.entries(tensors).map(([name, shape]) => {
    const begin = end;
    end += 4 * shape.reduce((n, size) => n * size, 1);
    return [name, { dtype: "F32", shape, data_offsets: [begin, end] }] as const;
  });
  const values = Float32Array.from({ length: end / 4 }, (_, index) => index);
  await writeFile(file, safetensorsBytes(Object.fromEntries(header), new Uint8Array(values.buffer)));
}

/** For assert.rejects and assert.throws: a failure with these facts among its own. */
export function failsWith(facts: Partial<Failure> & { readonly code: Failure["code"] }): (thrown: unknown) => boolean {
  return (thrown) => {
    if (!(thrown instanceof FailureError)) throw thrown;
    const found = Object.entries(thrown.failure).filter(([fact]) => fact in facts);
    const [a, b] = [Object.fromEntries(found), facts].map((value) => JSON.stringify(value, Object.keys(facts)));
    if (a !== b) throw thrown;
    return true;
  };
}

/** All elements of a published tensor, as float32. */
export function floats(checkpoint: Checkpoint, name: string): number[] {
  const tensor = checkpoint.get(name);
  assert.ok(tensor !== undefined, name);
  const endRow = tensor.dims.reduce((n, size) => n * size, 1);
  const [values] = convertRange({ tensors: [tensor], transform: { kind: "float32" }, columns: 1, beginRow: 0, endRow });
  return [...new Float32Array(values ?? new ArrayBuffer(0))];
}

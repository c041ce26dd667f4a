import assert from "node:assert/strict";
import { truncate, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { toFloat32 } from "../../../src/engine/weights/convert";
import { convertRange } from "../../../src/engine/weights/convert-range";
import type { StoredTensor } from "../../../src/engine/weights/tensor";
import { failsWith, temporaryFolder } from "./files";

/** The bits of a float32, which tell −0 from 0. */
const bits = (value: number): number => new Uint32Array(Float32Array.of(value).buffer)[0] ?? 0;

test("every bfloat16 is the upper half of its float32", () => {
  const halves = Uint16Array.from({ length: 0x10000 }, (_, index) => index);
  const values = new Uint32Array(toFloat32(Buffer.from(halves.buffer), "bfloat16").buffer);
  for (const [index, word] of values.entries()) assert.equal(word, index * 0x10000);
});

test("float16: zeros, subnormals, ends of the range, infinities, and every value in order", () => {
  const halves = Uint16Array.from({ length: 0x10000 }, (_, index) => index);
  const values = toFloat32(Buffer.from(halves.buffer), "float16");
  const known: readonly (readonly [number, number])[] = [
    [0x0000, 0],
    [0x8000, -0],
    [0x0001, 2 ** -24],
    [0x03ff, 1023 * 2 ** -24],
    [0x0400, 2 ** -14],
    [0x3555, 0.333251953125],
    [0x3c00, 1],
    [0xc000, -2],
    [0x7bff, 65504],
    [0x7c00, Infinity],
    [0xfc00, -Infinity],
  ];
  for (const [half, value] of known) assert.equal(bits(values[half] ?? NaN), bits(value), half.toString(16));
  assert.ok(Number.isNaN(values[0x7c01]));
  for (let half = 1; half <= 0x7c00; half++) assert.ok((values[half] ?? NaN) > (values[half - 1] ?? NaN));
  for (let half = 0; half <= 0x7c00; half++) assert.equal(bits(values[half + 0x8000] ?? 0), bits(-(values[half] ?? 0)));
});

test("float64 is rounded to the nearest float32; bytes may lie at any position", () => {
  const doubles = Float64Array.of(0.1, 1 + 2 ** -24 + 2 ** -40, 1e300, -1e-50);
  const bytes = Buffer.concat([Buffer.alloc(1), Buffer.from(doubles.buffer)]).subarray(1);
  assert.deepEqual([...toFloat32(bytes, "float64")], [Math.fround(0.1), 1 + 2 ** -23, Infinity, -0]);
});

const range = (tensors: readonly StoredTensor[], beginRow: number, endRow: number, columns = 1): number[] => {
  const [values] = convertRange({ tensors, transform: { kind: "float32", add: 1 }, columns, beginRow, endRow });
  return [...new Float32Array(values ?? new ArrayBuffer(0))];
};

test("rows of joined tensors of different types are read from where they lie", async (t) => {
  const folder = await temporaryFolder(t);
  const one = path.join(folder, "one");
  const two = path.join(folder, "two");
  await writeFile(one, Buffer.concat([Buffer.alloc(3), Buffer.from(Float32Array.of(0, 1, 2, 3).buffer)]));
  await writeFile(two, Buffer.from(Uint16Array.of(0x4080, 0x40a0).buffer));
  const tensors: StoredTensor[] = [
    { name: "one", file: one, offset: 3, byteLength: 16, type: "float32", dims: [2, 2] },
    { name: "two", file: two, offset: 0, byteLength: 4, type: "bfloat16", dims: [1, 2] },
  ];
  assert.deepEqual(range(tensors, 0, 3, 2), [1, 2, 3, 4, 5, 6]);
  assert.deepEqual(range(tensors, 1, 3, 2), [3, 4, 5, 6]);
  assert.deepEqual(range(tensors, 3, 5), [4, 5]);
});

test("values that are not finite, types that are no weights, and files that changed are refused", async (t) => {
  const file = path.join(await temporaryFolder(t), "weights");
  const tensor: StoredTensor = { name: "w", file, offset: 0, byteLength: 8, type: "float32", dims: [2] };
  for (const value of [NaN, Infinity, -Infinity]) {
    await writeFile(file, Buffer.from(Float32Array.of(1, value).buffer));
    assert.throws(() => range([tensor], 0, 2), failsWith({ code: "weight-not-finite", tensor: "w", file }));
    assert.deepEqual(range([tensor], 0, 1), [2]);
  }
  assert.throws(
    () => range([{ ...tensor, type: "int64", dims: [1] }], 0, 1),
    failsWith({ code: "weight-dtype", found: "int64" }),
  );
  await truncate(file, 6);
  assert.throws(() => range([tensor], 0, 2), failsWith({ code: "file-unreadable", reason: "it ends early" }));
  assert.throws(() => range([{ ...tensor, file: `${file}-gone` }], 0, 2), failsWith({ code: "file-missing" }));
});

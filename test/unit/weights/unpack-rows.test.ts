import assert from "node:assert/strict";
import { test } from "node:test";
import { quantiseRows } from "../../../src/engine/weights/quantise";
import { middleByte, RowUnpacker } from "../../../src/engine/weights/unpack-rows";

const [rows, columns] = [5, 256];

/** Rows and blocks of different sizes; the third row is zero, and so is a block of the first. */
const values = Float32Array.from({ length: rows * columns }, (_, i) => {
  const [row, block] = [Math.floor(i / columns), Math.floor((i % columns) / 32)];
  return row === 2 || i < 32 ? 0 : Math.sin((i + 1) * 12.9898) * (row + 1) * 0.1 * (block + 1);
});

for (const blockSize of [32, 64, 128]) {
  test(`blocks of ${blockSize} become bytes, right to half a step of their row`, () => {
    const { codes, scales } = quantiseRows(values, columns, { bits: 4, blockSize, symmetric: true });
    const places = { codes: 0, scales: 1024, bytes: 2048, steps: 8192 };
    const unpacker = new RowUnpacker(1 << 16);
    new Uint8Array(unpacker.memory, places.codes).set(codes);
    new Float32Array(unpacker.memory, places.scales).set(scales);
    unpacker.unpack({ rows, columns, blockSize }, places);
    const bytes = new Uint8Array(unpacker.memory, places.bytes, rows * columns);
    const steps = new Float32Array(unpacker.memory, places.steps, rows);
    for (const [index, byte] of bytes.entries()) {
      const code = ((codes[index >> 1] ?? NaN) >> (4 * (index & 1))) & 15;
      const expected = (code - 8) * (scales[Math.floor(index / blockSize)] ?? NaN);
      const step = steps[Math.floor(index / columns)] ?? NaN;
      assert.ok(Math.abs((byte - middleByte) * step - expected) <= 0.5001 * step, `weight ${index}`);
      assert.ok(byte <= 2 * middleByte, `byte ${index} would saturate`);
    }
    assert.equal(steps[2], 0);
    assert.ok(bytes.subarray(2 * columns, 3 * columns).every((byte) => byte === middleByte));
    // The rest of the memory is as it was.
    assert.equal(new Float32Array(unpacker.memory, places.steps + 4 * rows, 1)[0], 0);
  });
}

import assert from "node:assert/strict";
import { test } from "node:test";
import { Graph } from "../../../src/engine/graph/graph";
import { projection } from "../../../src/engine/graph/layers";
import { encodeModel } from "../../../src/engine/graph/onnx";
import { onnxruntime } from "../../../src/engine/runtime/onnxruntime";
import { quantiseTransposed } from "../../../src/engine/weights/quantise-transposed";

const [rows, columns] = [7, 300];

/** Between −1 and 1, the same on every run. */
const values = (length: number, seed: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => Math.sin((i + 1) * 12.9898 * seed) % 1);

test("codes are transposed, keep to seven bits, and are right to half a step", () => {
  const weights = values(rows * columns, 3);
  weights.fill(0, 2 * columns, 3 * columns);
  const { codes, scales } = quantiseTransposed(weights, columns);
  assert.deepEqual([Math.min(...codes) >= -64, Math.max(...codes) <= 64], [true, true]);
  for (const [index, value] of weights.entries()) {
    const [row, column] = [Math.floor(index / columns), index % columns];
    const scale = scales[row] ?? NaN;
    assert.ok(Math.abs((codes[column * rows + row] ?? NaN) * scale - value) <= scale * 0.5001);
  }
  assert.equal(scales[2], 0);
});

/** x [positions, columns] times the weights, by the network's own operators. */
async function product(weights: Float32Array, x: Float32Array): Promise<Float32Array> {
  const positions = x.length / columns;
  const graph = new Graph("product");
  const stored = { name: "w", file: "", offset: 0, byteLength: 0, type: "float32", dims: [rows, columns] } as const;
  graph.output(
    "y",
    projection(graph, { kind: "int8" }, [stored], graph.input("x", "float32", [1, positions, columns])),
  );
  const { codes, scales } = quantiseTransposed(weights, columns);
  const [codesOutput, scalesOutput] = graph.jobs[0]?.outputs ?? [];
  assert.ok(codesOutput !== undefined && scalesOutput !== undefined);
  const ort = await onnxruntime();
  const session = await ort.InferenceSession.create(
    encodeModel(
      graph.describe([
        { ...codesOutput, data: new Uint8Array(codes.buffer) },
        { ...scalesOutput, data: new Uint8Array(scales.buffer) },
      ]),
    ),
  );
  const { y } = await session.run({ x: new ort.Tensor("float32", x, [1, positions, columns]) });
  await session.release();
  assert.ok(y?.data instanceof Float32Array);
  return y.data;
}

test("onnxruntime multiplies positions of very different sizes, each by its own scale", async () => {
  const weights = values(rows * columns, 3);
  const sizes = [1, 1000, 0, 1e-6];
  const x = values(sizes.length * columns, 5).map((value, i) => value * (sizes[Math.floor(i / columns)] ?? NaN));
  const found = await product(weights, x);
  for (const [position, size] of sizes.entries()) {
    const expected = Float32Array.from({ length: rows }, (_, row) =>
      weights
        .subarray(row * columns, (row + 1) * columns)
        .reduce((sum, w, i) => sum + w * (x[position * columns + i] ?? NaN), 0),
    );
    // Of a product of this many values between −1 and 1.
    const tolerance = 0.02 * Math.sqrt(columns / 3) * size;
    for (const [row, value] of expected.entries()) {
      assert.ok(Math.abs((found[position * rows + row] ?? NaN) - value) <= tolerance, `position ${position}`);
    }
  }
});

test("the largest codes do not saturate", async () => {
  const found = await product(new Float32Array(rows * columns).fill(0.5), new Float32Array(2 * columns).fill(2));
  for (const value of found) assert.ok(Math.abs(value - columns) < 1e-3 * columns, String(value));
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { type ElementType, encodeModel, type Initializer } from "../../../src/engine/graph/onnx";
import { onnxruntime } from "../../../src/engine/runtime/onnxruntime";
import { type BlockFormat, type QuantisedRows, quantiseRows } from "../../../src/engine/weights/quantise";

/** Normally distributed, the same on every run. */
function normal(length: number, deviation = 0.02): Float32Array {
  let state = 12345;
  const uniform = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  return Float32Array.from(
    { length },
    () => deviation * Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()),
  );
}

const codeAt = (bytes: Uint8Array, bits: 4 | 8, index: number): number =>
  bits === 8 ? (bytes[index] ?? NaN) : ((bytes[index >> 1] ?? NaN) >> (4 * (index & 1))) & 15;

/** Straight from the operator's description. */
function dequantise(quantised: QuantisedRows, rows: number, columns: number, format: BlockFormat): Float32Array {
  const { bits, blockSize } = format;
  const blocks = Math.ceil(columns / blockSize);
  const zeroRow = (Math.ceil((blocks * bits) / 8) * 8) / bits;
  return Float32Array.from({ length: rows * columns }, (_, index) => {
    const [row, column] = [Math.floor(index / columns), index % columns];
    const block = Math.floor(column / blockSize);
    const code = codeAt(quantised.codes, bits, (row * blocks + block) * blockSize + (column % blockSize));
    const zero = quantised.zeros === undefined ? 2 ** (bits - 1) : codeAt(quantised.zeros, bits, row * zeroRow + block);
    return (quantised.scales[row * blocks + block] ?? NaN) * (code - zero);
  });
}

/** Root-mean-square error as a part of the root mean square. */
function relativeError(values: Float32Array, format: BlockFormat, columns = 1024): number {
  const found = dequantise(quantiseRows(values, columns, format), values.length / columns, columns, format);
  return Math.sqrt(squares(values.map((value, i) => value - (found[i] ?? NaN))) / squares(values));
}
const squares = (values: Float32Array): number => values.reduce((n, value) => n + value * value, 0);

const formats = ([4, 8] as const).flatMap((bits) =>
  ([32, 64, 128] as const).flatMap((blockSize) =>
    [true, false].map((symmetric) => ({ bits, blockSize, symmetric }) satisfies BlockFormat),
  ),
);
const describe = ({ bits, blockSize, symmetric }: BlockFormat): string =>
  `${bits} bits, blocks of ${blockSize}, ${symmetric ? "symmetric" : "with zero points"}`;

/** x [rows, K] through com.microsoft.MatMulNBits in onnxruntime. */
async function matMulNBits(
  quantised: QuantisedRows,
  x: Float32Array,
  n: number,
  k: number,
  { bits, blockSize }: BlockFormat,
  accuracyLevel: number,
): Promise<Float32Array> {
  const blocks = Math.ceil(k / blockSize);
  const initializer = (
    name: string,
    type: ElementType,
    dims: number[],
    data: Uint8Array | Float32Array,
  ): Initializer => ({
    name,
    type,
    dims,
    data: new Uint8Array(data.buffer),
  });
  const { codes, scales, zeros } = quantised;
  const initializers = [
    initializer("codes", "uint8", [n, blocks, (blockSize * bits) / 8], codes),
    initializer("scales", "float32", [n * blocks], scales),
    ...(zeros === undefined ? [] : [initializer("zeros", "uint8", [n * Math.ceil((blocks * bits) / 8)], zeros)]),
  ];
  const m = x.length / k;
  const model = encodeModel({
    name: "product",
    nodes: [
      {
        op: "MatMulNBits",
        domain: "com.microsoft",
        name: "product",
        inputs: ["x", ...initializers.map(({ name }) => name)],
        outputs: ["y"],
        attributes: { K: k, N: n, bits, block_size: blockSize, accuracy_level: accuracyLevel },
      },
    ],
    inputs: [{ name: "x", type: "float32", dims: [m, k] }],
    outputs: [{ name: "y", type: "float32", dims: [m, n] }],
    initializers,
  });
  const ort = await onnxruntime();
  const session = await ort.InferenceSession.create(model);
  const { y } = await session.run({ x: new ort.Tensor("float32", x, [m, k]) });
  const data = y?.data;
  await session.release();
  assert.ok(data instanceof Float32Array);
  return data;
}

for (const format of formats) {
  // Rows that fill their blocks and rows that do not; an odd number of blocks, whose zero points end in half a byte.
  for (const [n, k] of [
    [8, 256],
    [5, 80],
    [3, 352],
  ] as const) {
    test(`onnxruntime multiplies as the layout says: ${describe(format)}, [${n}, ${k}]`, async () => {
      const weights = normal(n * k).map((value) => value + 0.005);
      const x = normal(2 * k, 1);
      const quantised = quantiseRows(weights, k, format);
      const plain = dequantise(quantised, n, k, format);
      const expected = Float32Array.from({ length: 2 * n }, (_, index) => {
        const [row, column] = [Math.floor(index / n), index % n];
        return plain.subarray(column * k, (column + 1) * k).reduce((sum, w, i) => sum + w * (x[row * k + i] ?? NaN), 0);
      });
      const scale = Math.sqrt(squares(expected) / expected.length);
      // Activations in float32, and in int8 as the networks run.
      for (const [level, tolerance] of [
        [1, 1e-5],
        [4, 0.04],
      ] as const) {
        const found = await matMulNBits(quantised, x, n, k, format, level);
        const worst = Math.max(...found.map((value, i) => Math.abs(value - (expected[i] ?? NaN))));
        assert.ok(worst <= tolerance * scale, `accuracy level ${level}: ${worst / scale}`);
      }
    });
  }
}

test("the search for scales pays: error of normal weights", () => {
  const values = normal(1 << 18);
  const simple = (blockSize: number): number => {
    const found = values.map((_, i) => {
      const block = values.subarray(i - (i % blockSize), i - (i % blockSize) + blockSize);
      const scale = block.reduce((n, value) => Math.max(n, Math.abs(value)), 0) / 7;
      return scale * Math.round((values[i] ?? NaN) / scale) - (values[i] ?? NaN);
    });
    return Math.sqrt(squares(found) / squares(values));
  };
  for (const [blockSize, symmetric, withZeros] of [
    [32, 0.083, 0.079],
    [64, 0.091, 0.0885],
    [128, 0.098, 0.0965],
  ] as const) {
    const error = relativeError(values, { bits: 4, blockSize, symmetric: true });
    const errorWithZeros = relativeError(values, { bits: 4, blockSize, symmetric: false });
    assert.ok(error < symmetric && errorWithZeros < withZeros, `${blockSize}: ${error}, ${errorWithZeros}`);
    assert.ok(error < 0.86 * simple(blockSize) && errorWithZeros < 0.99 * error);
    assert.ok(relativeError(values, { bits: 8, blockSize, symmetric: true }) < 0.007);
    assert.ok(relativeError(values, { bits: 8, blockSize, symmetric: false }) < 0.0062);
  }
});

test("zero points serve weights that are not centred", () => {
  const values = normal(1 << 14).map((value) => value + 0.03);
  const error = (symmetric: boolean): number => relativeError(values, { bits: 4, blockSize: 64, symmetric });
  assert.ok(error(false) < 0.75 * error(true), `${error(false)} of ${error(true)}`);
});

for (const format of formats) {
  test(`odd blocks: ${describe(format)}`, () => {
    const blocks: Record<string, number[]> = {
      zeros: [0, 0, 0, 0],
      negativeZero: [-0, 0],
      one: [5],
      ones: Array<number>(format.blockSize).fill(1),
      minusOnes: Array<number>(format.blockSize).fill(-1),
      largest: [3e38, -3e38, 1e38, 0],
      subnormal: [2 ** -149, 0, -(2 ** -149)],
      nearlySubnormal: [127 * 1.4 * 2 ** -149, 2 ** -140],
      outlier: [1000, ...Array<number>(format.blockSize - 1).fill(0.01)],
    };
    for (const [name, values] of Object.entries(blocks)) {
      const quantised = quantiseRows(Float32Array.from(values), values.length, format);
      const found = dequantise(quantised, 1, values.length, format);
      const largest = Math.max(...values.map(Math.abs));
      // Half a step of the coarsest format, and what float32 itself cannot hold.
      for (const [i, value] of values.entries()) {
        assert.ok(
          Math.abs((found[i] ?? NaN) - value) <= largest / 4 + 2 ** -140,
          `${name}[${i}]: ${found[i]} of ${value}`,
        );
        if (value === 0) assert.equal(Math.abs(found[i] ?? NaN), 0, `${name}: zero stays zero`);
      }
    }
  });
}

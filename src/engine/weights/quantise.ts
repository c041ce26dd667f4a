/**
 * Block-wise quantisation in the layout of onnxruntime's com.microsoft.MatMulNBits.
 *
 * Each block of a row has one scale s; a value is s·(code − zero), zero being 8 for four bits and 128 for eight. With
 * four bits the first code of a pair lies in the low half of its byte.
 * Source: onnxruntime, docs/ContribOperators.md, "MatMulNBits".
 */

export interface QuantisedRows {
  /** [rows, ceil(columns / blockSize), blockSize·bits/8] */
  readonly codes: Uint8Array;
  /** [rows, ceil(columns / blockSize)] */
  readonly scales: Float32Array;
}

/**
 * How far below the largest value the range of a block may end: a smaller step serves the many small values at the
 * price of clipping a large one. Tried for four bits; the least squared error wins.
 */
const shrinkage = [1, 0.95, 0.9, 0.85, 0.8];

/** @param values [rows, columns]; a short last block is filled with zeros. All must be finite. */
export function quantiseRows(values: Float32Array, columns: number, bits: 4 | 8, blockSize: number): QuantisedRows {
  const rows = values.length / columns;
  const blocks = Math.ceil(columns / blockSize);
  const codes = new Uint8Array((rows * blocks * blockSize * bits) / 8);
  const scales = new Float32Array(rows * blocks);
  const padded = new Float32Array(blockSize);
  const block = new Uint8Array(blockSize);
  for (let row = 0; row < rows; row++) {
    for (let index = 0; index < blocks; index++) {
      const begin = row * columns + index * blockSize;
      const end = Math.min(begin + blockSize, (row + 1) * columns);
      padded.fill(0).set(values.subarray(begin, end));
      const target = row * blocks + index;
      scales[target] = bits === 4 ? quantiseBlock4(padded, block) : quantiseBlock8(padded, block);
      const at = (target * blockSize * bits) / 8;
      if (bits === 8) codes.set(block, at);
      else for (let i = 0; i < blockSize; i += 2) codes[at + i / 2] = (block[i] ?? 0) | ((block[i + 1] ?? 0) << 4);
    }
  }
  return { codes, scales };
}

function quantiseBlock8(values: Float32Array, codes: Uint8Array): number {
  let largest = 0;
  for (const value of values) largest = Math.max(largest, Math.abs(value));
  const scale = Math.fround(largest / 127);
  const inverse = scale === 0 ? 0 : 1 / scale;
  for (let i = 0; i < values.length; i++) codes[i] = Math.round((values[i] ?? 0) * inverse) + 128;
  return scale;
}

/** Codes reach from −8 to 7: the value of largest magnitude takes −8, whatever its sign, so a scale may be negative. */
function quantiseBlock4(values: Float32Array, codes: Uint8Array): number {
  let extreme = 0;
  for (const value of values) if (Math.abs(value) > Math.abs(extreme)) extreme = value;
  if (extreme === 0) {
    codes.fill(8);
    return 0;
  }
  let best = 0;
  let bestGain = -Infinity;
  for (const factor of shrinkage) {
    const inverse = -8 / (extreme * factor);
    // For codes q the best scale is Σxq / Σq², and the squared error is Σx² less (Σxq)² / Σq².
    let products = 0;
    let squares = 0;
    for (let i = 0; i < values.length; i++) {
      const value = values[i] ?? 0;
      const code = nearest4(value * inverse);
      products += value * code;
      squares += code * code;
    }
    const gain = (products * products) / squares;
    if (gain > bestGain) {
      bestGain = gain;
      best = factor;
    }
  }
  const inverse = -8 / (extreme * best);
  let products = 0;
  let squares = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? 0;
    const code = nearest4(value * inverse);
    products += value * code;
    squares += code * code;
    codes[i] = code + 8;
  }
  return Math.fround(products / squares);
}

const nearest4 = (value: number): number => Math.max(-8, Math.min(7, Math.round(value)));

/**
 * Block-wise quantisation in the layout of onnxruntime's com.microsoft.MatMulNBits.
 *
 * Each block of a row has one scale s and one zero point z; a value is s·(code − z). Symmetric blocks have the middle
 * code as zero point: 8 of four bits, 128 of eight. With four bits the first code of a pair lies in the low half of
 * its byte, and so do zero points.
 * Source: onnxruntime, docs/ContribOperators.md, "MatMulNBits".
 */
import { BlockQuantiser } from "./quantise-block";

export interface BlockFormat {
  readonly bits: 4 | 8;
  readonly blockSize: number;
  readonly symmetric: boolean;
}

export interface QuantisedRows {
  /** [rows, ceil(columns / blockSize), blockSize·bits/8] */
  readonly codes: Uint8Array<ArrayBuffer>;
  /** [rows, ceil(columns / blockSize)] */
  readonly scales: Float32Array<ArrayBuffer>;
  /** [rows, ceil(ceil(columns / blockSize)·bits/8)]; only where the format is not symmetric. */
  readonly zeros?: Uint8Array<ArrayBuffer>;
}

/** @param values [rows, columns]; a short last block is filled with zeros. All must be finite. */
export function quantiseRows(values: Float32Array, columns: number, format: BlockFormat): QuantisedRows {
  const { bits, blockSize, symmetric } = format;
  const rows = values.length / columns;
  const blocks = Math.ceil(columns / blockSize);
  const blockBytes = (blockSize * bits) / 8;
  const zeroBytes = symmetric ? 0 : Math.ceil((blocks * bits) / 8);
  const codes = new Uint8Array(rows * blocks * blockBytes);
  const scales = new Float32Array(rows * blocks);
  const zeros = new Uint8Array(rows * zeroBytes);
  const block = new BlockQuantiser(format);
  for (let row = 0; row < rows; row++) {
    for (let index = 0; index < blocks; index++) {
      const begin = row * columns + index * blockSize;
      block.quantise(values, begin, Math.min(begin + blockSize, (row + 1) * columns));
      const target = row * blocks + index;
      scales[target] = block.scale;
      pack(block.codes, bits, codes, target * blockBytes);
      if (!symmetric) packOne(block.zero, bits, zeros, row * zeroBytes, index);
    }
  }
  return symmetric ? { codes, scales } : { codes, scales, zeros };
}

function pack(from: Uint8Array, bits: 4 | 8, to: Uint8Array, at: number): void {
  if (bits === 8) {
    to.set(from, at);
    return;
  }
  for (let i = 0; i < from.length; i += 2) to[at + (i >> 1)] = (from[i] ?? 0) | ((from[i + 1] ?? 0) << 4);
}

function packOne(code: number, bits: 4 | 8, to: Uint8Array, at: number, index: number): void {
  if (bits === 8) to[at + index] = code;
  else to[at + (index >> 1)] = (to[at + (index >> 1)] ?? 0) | (code << (4 * (index & 1)));
}

/**
 * Matrices for the runtime's integer products: one scale for each row of the published matrix, codes transposed.
 *
 * Codes reach from −64 to 64 only. Processors without VNNI add two products of a byte and a code in sixteen bits, which
 * saturate: 2 · 255 · 64 is the most that fits. (Source: onnxruntime, "Quantize ONNX models", on U8S8 and reduce_range.)
 */

/** Largest code. */
const top = 64;

export interface TransposedRows {
  /** [columns, rows] */
  readonly codes: Int8Array<ArrayBuffer>;
  /** [rows]; a value is its code times its row's scale. */
  readonly scales: Float32Array<ArrayBuffer>;
}

/** @param values [rows, columns], all finite. */
export function quantiseTransposed(values: Float32Array, columns: number): TransposedRows {
  const rows = values.length / columns;
  const codes = new Int8Array(values.length);
  const scales = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    const own = values.subarray(row * columns, (row + 1) * columns);
    let largest = 0;
    for (const value of own) largest = Math.max(largest, Math.abs(value));
    const scale = Math.fround(largest / top);
    scales[row] = scale;
    if (scale === 0) continue;
    for (let column = 0; column < columns; column++) {
      codes[column * rows + row] = Math.round((own[column] ?? 0) / scale);
    }
  }
  return { codes, scales };
}

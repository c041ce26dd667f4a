/** One range of rows of joined tensors, read from their files and converted: the unit of work of a worker thread. */
import { closeSync, openSync, readSync } from "node:fs";
import { type Failure, FailureError } from "../../shared/failure";
import { isWeightType, toFloat32, type WeightType } from "./convert";
import { asReadFailure } from "./input-file";
import { quantiseRows } from "./quantise";
import { quantiseTransposed } from "./quantise-transposed";
import { storedBytes, type StoredTensor } from "./tensor";
import type { WeightTransform } from "./transform";

export interface ConvertRange {
  readonly tensors: readonly StoredTensor[];
  readonly transform: WeightTransform;
  /** Elements of a row. */
  readonly columns: number;
  readonly beginRow: number;
  readonly endRow: number;
}

/** The bytes of each output of the transform, for these rows. */
export type ConvertReply = { readonly outputs: readonly ArrayBuffer[] } | { readonly failure: Failure };

/** @throws FailureError `weight-dtype`, `weight-not-finite`, `file-missing`, `file-unreadable`. */
export function convertRange(range: ConvertRange): readonly ArrayBuffer[] {
  const { transform, columns } = range;
  const values = readRows(range);
  if (transform.kind === "float32") {
    const { add = 0 } = transform;
    if (add !== 0) for (let i = 0; i < values.length; i++) values[i] = (values[i] ?? 0) + add;
    return [values.buffer];
  }
  if (transform.kind === "int8") {
    const { codes, scales } = quantiseTransposed(values, columns);
    return [codes.buffer, scales.buffer];
  }
  const { codes, scales, zeros } = quantiseRows(values, columns, transform);
  return [codes.buffer, scales.buffer, ...(zeros === undefined ? [] : [zeros.buffer])];
}

function readRows({ tensors, columns, beginRow, endRow }: ConvertRange): Float32Array<ArrayBuffer> {
  const values = new Float32Array((endRow - beginRow) * columns);
  let firstRow = 0;
  for (const tensor of tensors) {
    const rows = tensor.dims.reduce((n, size) => n * size, 1) / columns;
    const begin = Math.max(beginRow, firstRow);
    const end = Math.min(endRow, firstRow + rows);
    if (begin < end) {
      const part = readElements(tensor, (begin - firstRow) * columns, (end - firstRow) * columns);
      values.set(part, (begin - beginRow) * columns);
    }
    firstRow += rows;
  }
  return values;
}

function readElements(tensor: StoredTensor, begin: number, end: number): Float32Array {
  const { name, file, type } = tensor;
  if (!isWeightType(type)) throw new FailureError({ code: "weight-dtype", tensor: name, file, found: type });
  const values = toFloat32(readBytes(tensor, begin, end, type), type);
  for (const value of values) {
    if (!Number.isFinite(value)) throw new FailureError({ code: "weight-not-finite", tensor: name, file });
  }
  return values;
}

function readBytes({ file, offset }: StoredTensor, begin: number, end: number, type: WeightType): Buffer {
  const size = storedBytes[type];
  const bytes = Buffer.alloc((end - begin) * size);
  try {
    const handle = openSync(file, "r");
    try {
      for (let done = 0; done < bytes.length;) {
        const read = readSync(handle, bytes, done, bytes.length - done, offset + begin * size + done);
        if (read === 0) throw new FailureError({ code: "file-unreadable", file, reason: "it ends early" });
        done += read;
      }
    } finally {
      closeSync(handle);
    }
  } catch (thrown) {
    throw asReadFailure(file, thrown);
  }
  return bytes;
}

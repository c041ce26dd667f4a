/** Published tensors as they lie in files: where, of what type, of what shape. Nothing here reads their data. */

/** Element types a checkpoint may hold. */
export type StoredType =
  "float32" | "float16" | "bfloat16" | "float64" | "int64" | "int32" | "int16" | "int8" | "uint8" | "bool";

/** Bytes of one element. */
export const storedBytes = {
  float32: 4,
  float16: 2,
  bfloat16: 2,
  float64: 8,
  int64: 8,
  int32: 4,
  int16: 2,
  int8: 1,
  uint8: 1,
  bool: 1,
} as const satisfies Record<StoredType, number>;

/** A row-major tensor lying whole and contiguous in a file. */
export interface StoredTensor {
  /** Published name. */
  readonly name: string;
  /** Absolute path of the file that holds the data. */
  readonly file: string;
  /** First byte of the data in that file. */
  readonly offset: number;
  readonly byteLength: number;
  readonly type: StoredType;
  readonly dims: readonly number[];
}

/** A set of published tensors: one file, or many under one index. */
export interface Checkpoint {
  /** What to name when a tensor is missing: the file or the folder. */
  readonly location: string;
  readonly names: readonly string[];
  get(name: string): StoredTensor | undefined;
}

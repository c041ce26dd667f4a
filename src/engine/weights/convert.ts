/** Published element types to float32, exactly. */
import type { StoredType } from "./tensor";

/** Types that weights may have; integers are indices and counters, which no network here uses. */
export type WeightType = Extract<StoredType, "float32" | "float16" | "bfloat16" | "float64">;

export const isWeightType = (type: StoredType): type is WeightType =>
  type === "float32" || type === "float16" || type === "bfloat16" || type === "float64";

/** @param bytes whole elements, at any alignment. */
export function toFloat32(bytes: Buffer, type: WeightType): Float32Array {
  switch (type) {
    case "float32":
      return new Float32Array(aligned(bytes));
    case "float64":
      return Float32Array.from(new Float64Array(aligned(bytes)));
    case "bfloat16":
      return fromBfloat16(new Uint16Array(aligned(bytes)));
    case "float16":
      return fromFloat16(new Uint16Array(aligned(bytes)));
  }
}

/** bfloat16 is the upper half of a float32. */
function fromBfloat16(halves: Uint16Array): Float32Array {
  const words = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i++) words[i] = (halves[i] ?? 0) << 16;
  return new Float32Array(words.buffer);
}

let float16Table: Float32Array | undefined;

function fromFloat16(halves: Uint16Array): Float32Array {
  float16Table ??= Float32Array.from({ length: 0x10000 }, (_, bits) => float16Value(bits));
  const result = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) result[i] = float16Table[halves[i] ?? 0] ?? 0;
  return result;
}

/** IEEE 754 binary16: sign, five bits of exponent, ten of fraction. */
function float16Value(bits: number): number {
  const sign = (bits & 0x8000) === 0 ? 1 : -1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function aligned(bytes: Buffer): ArrayBuffer {
  const copy = new ArrayBuffer(bytes.length);
  new Uint8Array(copy).set(bytes);
  return copy;
}

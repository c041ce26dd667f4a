/**
 * Antialiased bicubic resizing of 8-bit images, equal to Pillow's to the last bit.
 *
 * Two passes, across and then down, each a weighted mean with fixed-point weights, rounded to 8 bits in between.
 * Source: Pillow, src/libImaging/Resample.c (`precompute_coeffs`, `normalize_coeffs_8bpc`, `bicubic_filter`).
 */

/** Bits behind the point of a weight: 32 less 8 for the value and 2 for sums beyond the range. */
const precisionBits = 22;
const half = 1 << (precisionBits - 1);
const channels = 3;

/** Keys' cubic with a = −0.5, zero beyond 2. */
function bicubic(x: number): number {
  const a = -0.5;
  const t = Math.abs(x);
  if (t < 1) return ((a + 2) * t - (a + 3)) * t * t + 1;
  if (t < 2) return (((t - 5) * t + 8) * t - 4) * a;
  return 0;
}

interface AxisWeights {
  /** First source pixel of each target pixel. */
  readonly begins: Int32Array;
  /** Source pixels of each target pixel. */
  readonly counts: Int32Array;
  /** `stride` weights for each target pixel. */
  readonly weights: Int32Array;
  readonly stride: number;
}

function axisWeights(from: number, to: number): AxisWeights {
  const scale = from / to;
  const filterScale = Math.max(scale, 1);
  const support = 2 * filterScale;
  const stride = Math.ceil(support) * 2 + 1;
  const begins = new Int32Array(to);
  const counts = new Int32Array(to);
  const weights = new Int32Array(to * stride);
  const exact = new Float64Array(stride);
  for (let target = 0; target < to; target++) {
    const centre = (target + 0.5) * scale;
    const begin = Math.max(Math.trunc(centre - support + 0.5), 0);
    const count = Math.min(Math.trunc(centre + support + 0.5), from) - begin;
    let sum = 0;
    for (let i = 0; i < count; i++) {
      const weight = bicubic((i + begin - centre + 0.5) * (1 / filterScale));
      exact[i] = weight;
      sum += weight;
    }
    for (let i = 0; i < count; i++) {
      const weight = sum === 0 ? (exact[i] ?? 0) : (exact[i] ?? 0) / sum;
      weights[target * stride + i] = Math.trunc((weight < 0 ? -0.5 : 0.5) + weight * (1 << precisionBits));
    }
    begins[target] = begin;
    counts[target] = count;
  }
  return { begins, counts, weights, stride };
}

/** @param pixels RGB, row by row. @returns RGB of the new size. */
export function resizeBicubic(
  pixels: Uint8Array,
  width: number,
  height: number,
  toWidth: number,
  toHeight: number,
): Uint8Array {
  const across = width === toWidth ? pixels : resizeAcross(pixels, width, height, toWidth);
  return height === toHeight ? Uint8Array.from(across) : resizeDown(across, toWidth, height, toHeight);
}

function resizeAcross(pixels: Uint8Array, width: number, height: number, toWidth: number): Uint8Array {
  const { begins, counts, weights, stride } = axisWeights(width, toWidth);
  const result = new Uint8Array(toWidth * height * channels);
  for (let y = 0; y < height; y++) {
    const row = y * width * channels;
    for (let x = 0; x < toWidth; x++) {
      let red = half;
      let green = half;
      let blue = half;
      let at = row + (begins[x] ?? 0) * channels;
      const end = x * stride + (counts[x] ?? 0);
      for (let k = x * stride; k < end; k++, at += channels) {
        const weight = weights[k] ?? 0;
        red += (pixels[at] ?? 0) * weight;
        green += (pixels[at + 1] ?? 0) * weight;
        blue += (pixels[at + 2] ?? 0) * weight;
      }
      const to = (y * toWidth + x) * channels;
      result[to] = clip(red);
      result[to + 1] = clip(green);
      result[to + 2] = clip(blue);
    }
  }
  return result;
}

function resizeDown(pixels: Uint8Array, width: number, height: number, toHeight: number): Uint8Array {
  const { begins, counts, weights, stride } = axisWeights(height, toHeight);
  const rowLength = width * channels;
  const result = new Uint8Array(rowLength * toHeight);
  const sums = new Float64Array(rowLength);
  for (let y = 0; y < toHeight; y++) {
    sums.fill(half);
    for (let i = 0; i < (counts[y] ?? 0); i++) {
      const weight = weights[y * stride + i] ?? 0;
      const row = ((begins[y] ?? 0) + i) * rowLength;
      for (let x = 0; x < rowLength; x++) sums[x] = (sums[x] ?? 0) + (pixels[row + x] ?? 0) * weight;
    }
    for (let x = 0; x < rowLength; x++) result[y * rowLength + x] = clip(sums[x] ?? 0);
  }
  return result;
}

/** A fixed-point sum back to 8 bits; sums stay far below 2⁵³, so the division is exact before rounding down. */
function clip(sum: number): number {
  const value = Math.floor(sum / (1 << precisionBits));
  return value < 0 ? 0 : value > 255 ? 255 : value;
}

/**
 * Antialiased bicubic resizing of 8-bit images, equal to Pillow's to the last bit.
 *
 * Two passes, across and then down, each a weighted mean with fixed-point weights, rounded to 8 bits in between.
 * Source: Pillow, src/libImaging/Resample.c (`precompute_coeffs`, `normalize_coeffs_8bpc`, `bicubic_filter`).
 */
import type { Rectangle } from "../../shared/protocol";

/** Bits behind the point of a weight: 32 less 8 for the value and 2 for sums beyond the range. */
const precisionBits = 22;
const half = 1 << (precisionBits - 1);
const channels = 3;

/** RGB, row by row. */
export interface Pixels {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** A larger picture of one colour in which an image lies. Only the image itself is held in memory. */
export interface Canvas {
  readonly width: number;
  readonly height: number;
  /** Where the image's top left corner lies. */
  readonly left: number;
  readonly top: number;
  readonly colour: readonly [number, number, number];
}

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

/** Weights of `count` target pixels from `first` on, of `to` in all. */
function axisWeights(from: number, to: number, first: number, count: number): AxisWeights {
  const scale = from / to;
  const filterScale = Math.max(scale, 1);
  const support = 2 * filterScale;
  const stride = Math.ceil(support) * 2 + 1;
  const begins = new Int32Array(count);
  const counts = new Int32Array(count);
  const weights = new Int32Array(count * stride);
  const exact = new Float64Array(stride);
  for (let target = 0; target < count; target++) {
    const centre = (first + target + 0.5) * scale;
    const begin = Math.max(Math.trunc(centre - support + 0.5), 0);
    const taps = Math.min(Math.trunc(centre + support + 0.5), from) - begin;
    let sum = 0;
    for (let i = 0; i < taps; i++) {
      const weight = bicubic((i + begin - centre + 0.5) * (1 / filterScale));
      exact[i] = weight;
      sum += weight;
    }
    for (let i = 0; i < taps; i++) {
      const weight = sum === 0 ? (exact[i] ?? 0) : (exact[i] ?? 0) / sum;
      weights[target * stride + i] = Math.trunc((weight < 0 ? -0.5 : 0.5) + weight * (1 << precisionBits));
    }
    begins[target] = begin;
    counts[target] = taps;
  }
  return { begins, counts, weights, stride };
}

export interface ResizeOptions {
  /** The canvas is resized rather than the image. */
  readonly canvas?: Canvas;
  /** Only this part of the result is made and returned. */
  readonly part?: Rectangle;
}

/**
 * Resizes an image to `toWidth`×`toHeight`.
 *
 * What lies beside the image on a canvas is one colour and stays it (a pixel's weights add up to 1 within rounding),
 * so it costs no work: 40,000×1 pixels on their square canvas need little more than their own memory.
 *
 * @returns RGB, row by row.
 */
export function resizeBicubic(
  image: Pixels,
  toWidth: number,
  toHeight: number,
  { canvas, part }: ResizeOptions = {},
): Uint8Array {
  const whole = canvas ?? {
    width: image.width,
    height: image.height,
    left: 0,
    top: 0,
    colour: [0, 0, 0] as const,
  };
  const { left, top, width, height } = part ?? {
    left: 0,
    top: 0,
    width: toWidth,
    height: toHeight,
  };
  const across = resizeAcross(image, whole, axisWeights(whole.width, toWidth, left, width));
  return resizeDown(
    { data: across, width, height: image.height },
    whole,
    axisWeights(whole.height, toHeight, top, height),
  );
}

/** The image's own rows, resized as parts of the canvas. */
function resizeAcross({ data, width, height }: Pixels, canvas: Canvas, axis: AxisWeights): Uint8Array {
  const { begins, counts, weights, stride } = axis;
  const toWidth = begins.length;
  const result = new Uint8Array(toWidth * height * channels);
  const source = rowOf(canvas.colour, canvas.width);
  const outside = rowOf(canvas.colour, toWidth);
  const meets = (x: number) =>
    (begins[x] ?? 0) + (counts[x] ?? 0) > canvas.left && (begins[x] ?? 0) < canvas.left + width;
  let from = 0;
  while (from < toWidth && !meets(from)) from++;
  let to = toWidth;
  while (to > from && !meets(to - 1)) to--;
  for (let y = 0; y < height; y++) {
    source.set(data.subarray(y * width * channels, (y + 1) * width * channels), canvas.left * channels);
    result.set(outside, y * toWidth * channels);
    for (let x = from; x < to; x++) {
      let red = half;
      let green = half;
      let blue = half;
      let at = (begins[x] ?? 0) * channels;
      const end = x * stride + (counts[x] ?? 0);
      for (let k = x * stride; k < end; k++, at += channels) {
        const weight = weights[k] ?? 0;
        red += (source[at] ?? 0) * weight;
        green += (source[at + 1] ?? 0) * weight;
        blue += (source[at + 2] ?? 0) * weight;
      }
      const target = (y * toWidth + x) * channels;
      result[target] = clip(red);
      result[target + 1] = clip(green);
      result[target + 2] = clip(blue);
    }
  }
  return result;
}

function resizeDown({ data, width, height }: Pixels, canvas: Canvas, axis: AxisWeights): Uint8Array {
  const { begins, counts, weights, stride } = axis;
  const rowLength = width * channels;
  const result = new Uint8Array(rowLength * begins.length);
  const outside = rowOf(canvas.colour, width);
  const rowAt = (y: number): Uint8Array =>
    y < 0 || y >= height ? outside : data.subarray(y * rowLength, (y + 1) * rowLength);
  const sums = new Int32Array(rowLength);
  begins.forEach((begin, y) => {
    const target = result.subarray(y * rowLength, (y + 1) * rowLength);
    const first = begin - canvas.top;
    const taps = counts[y] ?? 0;
    if (first + taps <= 0 || first >= height) {
      target.set(outside);
      return;
    }
    sums.fill(half);
    for (let i = 0; i < taps; i++) addWeighted(sums, rowAt(first + i), weights[y * stride + i] ?? 0);
    for (let x = 0; x < rowLength; x++) target[x] = clip(sums[x] ?? 0);
  });
  return result;
}

function addWeighted(sums: Int32Array, row: Uint8Array, weight: number): void {
  for (let x = 0; x < sums.length; x++) sums[x] = ((sums[x] ?? 0) + (row[x] ?? 0) * weight) | 0;
}

function rowOf(colour: readonly [number, number, number], width: number): Uint8Array {
  const row = new Uint8Array(width * channels);
  for (let i = 0; i < row.length; i++) row[i] = colour[i % channels] ?? 0;
  return row;
}

/** A fixed-point sum back to 8 bits. Sums fit 32 bits: weights' absolute values add up to less than 2 (of 2²²). */
function clip(sum: number): number {
  const value = sum >> precisionBits;
  return value < 0 ? 0 : value > 255 ? 255 : value;
}

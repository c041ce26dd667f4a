/**
 * Antialiased bicubic resizing of 8-bit images, equal to Pillow's to the last bit.
 *
 * Two passes, across and then down, each a weighted mean with fixed-point weights, rounded to 8 bits in between. The
 * canvas around the image is never stored, nor more rows between the passes than one row of the result needs: a
 * picture of 1 × 40,000 pixels costs no more memory than any other.
 * Source: Pillow 10.4, src/libImaging/Resample.c (`precompute_coeffs`, `normalize_coeffs_8bpc`, `bicubic_filter`).
 * Later versions of Pillow go down before across where that is cheaper, which never happens to a square.
 */

/** Bits behind the point of a weight: 32 less 8 for the value and 2 for sums beyond the range. */
const precisionBits = 32 - 8 - 2;
const half = 1 << (precisionBits - 1);
const channels = 3;

export interface Pixels {
  readonly width: number;
  readonly height: number;
  /** RGB, row by row. */
  readonly data: Uint8Array;
}

export interface Resize {
  /** What the image stands on, and where; all else of it has the colour. */
  readonly canvas: { readonly width: number; readonly height: number; readonly left: number; readonly top: number };
  readonly colour: readonly [red: number, green: number, blue: number];
  /** What the canvas becomes. */
  readonly width: number;
  readonly height: number;
  /** The part of that which is made. */
  readonly window: { readonly left: number; readonly top: number; readonly width: number; readonly height: number };
}

/** RGB of the window, row by row. */
export function resizeBicubic(image: Pixels, { canvas, colour, width, height, window }: Resize): Uint8Array {
  const across = axisWeights(canvas.width, width, window.left, window.width);
  const down = axisWeights(canvas.height, height, window.top, window.height);
  const row = new Uint8Array(canvas.width * channels);
  for (let i = 0; i < row.length; i++) row[i] = colour[i % channels] ?? 0;
  const length = window.width * channels;
  const padding = new Uint8Array(length);
  resizeRow(row, across, { begin: 0, end: window.width }, padding);
  const touched = targetsOf(across, canvas.left, canvas.left + image.width);

  // Source rows, resized across, in a ring: each is made once, and let go when no further target needs it.
  const capacity = Math.max(...down.counts);
  const ring = Array.from({ length: capacity }, () => Uint8Array.from(padding));
  let made = down.begins[0] ?? 0;
  const result = new Uint8Array(length * window.height);
  const sums = new Int32Array(length);
  for (let y = 0; y < window.height; y++) {
    const begin = down.begins[y] ?? 0;
    const count = down.counts[y] ?? 0;
    for (made = Math.max(made, begin); made < begin + count; made++) {
      const into = made - canvas.top;
      if (into < 0 || into >= image.height) continue;
      row.set(image.data.subarray(into * image.width * channels, (into + 1) * image.width * channels), canvas.left * 3);
      resizeRow(row, across, touched, ring[made % capacity] ?? padding);
    }
    sums.fill(half);
    for (let i = 0; i < count; i++) {
      const into = begin + i - canvas.top;
      const source = into < 0 || into >= image.height ? padding : (ring[(begin + i) % capacity] ?? padding);
      const weight = down.weights[y * down.stride + i] ?? 0;
      for (let x = 0; x < length; x++) sums[x] = ((sums[x] ?? 0) + Math.imul(source[x] ?? 0, weight)) | 0;
    }
    for (let x = 0; x < length; x++) result[y * length + x] = clip(sums[x] ?? 0);
  }
  return result;
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

/** Weights for `length` target pixels from `first` on, where `from` pixels become `to`. */
function axisWeights(from: number, to: number, first: number, length: number): AxisWeights {
  const scale = from / to;
  const filterScale = Math.max(scale, 1);
  const support = 2 * filterScale;
  const stride = Math.ceil(support) * 2 + 1;
  const begins = new Int32Array(length);
  const counts = new Int32Array(length);
  const weights = new Int32Array(length * stride);
  const exact = new Float64Array(stride);
  for (let target = 0; target < length; target++) {
    const centre = (first + target + 0.5) * scale;
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

/** Keys' cubic with a = −0.5, zero beyond 2. */
function bicubic(x: number): number {
  const a = -0.5;
  const t = Math.abs(x);
  if (t < 1) return ((a + 2) * t - (a + 3)) * t * t + 1;
  if (t < 2) return (((t - 5) * t + 8) * t - 4) * a;
  return 0;
}

interface Range {
  readonly begin: number;
  readonly end: number;
}

/** Targets that take in any source pixel from `first` up to `last`, not included. */
function targetsOf({ begins, counts }: AxisWeights, first: number, last: number): Range {
  let begin = 0;
  while (begin < begins.length && (begins[begin] ?? 0) + (counts[begin] ?? 0) <= first) begin++;
  let end = begins.length;
  while (end > begin && (begins[end - 1] ?? 0) >= last) end--;
  return { begin, end };
}

function resizeRow(row: Uint8Array, axis: AxisWeights, targets: Range, into: Uint8Array): void {
  const { begins, counts, weights, stride } = axis;
  for (let x = targets.begin; x < targets.end; x++) {
    let red = half;
    let green = half;
    let blue = half;
    let at = (begins[x] ?? 0) * channels;
    const end = x * stride + (counts[x] ?? 0);
    for (let k = x * stride; k < end; k++, at += channels) {
      const weight = weights[k] ?? 0;
      red = (red + Math.imul(row[at] ?? 0, weight)) | 0;
      green = (green + Math.imul(row[at + 1] ?? 0, weight)) | 0;
      blue = (blue + Math.imul(row[at + 2] ?? 0, weight)) | 0;
    }
    into[x * channels] = clip(red);
    into[x * channels + 1] = clip(green);
    into[x * channels + 2] = clip(blue);
  }
}

/** A fixed-point sum back to 8 bits. */
function clip(sum: number): number {
  const value = sum >> precisionBits;
  return value < 0 ? 0 : value > 255 ? 255 : value;
}

/**
 * From an image to the pixels of both encoders.
 *
 * Source: dvlab-research/MGM, mgm/mm_utils.py (`process_images`, `expand2square`), mgm/serve/cli.py (low-resolution
 * side); transformers' CLIPImageProcessor (resize, rescale, normalise).
 */
import type { RgbImage } from "./decode";
import { resizeBicubic } from "./resize";

/** CLIP's mean colour in 8 bits, truncated as the reference does. */
const paddingColour = [122, 116, 104] as const;

/**
 * 8-bit RGB [size, size], row by row: the image padded to a centred square and resized, or resized by its shortest
 * edge and cropped to its centre.
 */
export function highResolutionPixels(image: RgbImage, size: number, aspect: "pad" | "crop"): Uint8Array {
  const { width, height } = image;
  if (aspect === "pad") {
    const side = Math.max(width, height);
    const left = Math.floor((side - width) / 2);
    const top = Math.floor((side - height) / 2);
    return resizeBicubic(image, {
      canvas: { width: side, height: side, left, top },
      colour: paddingColour,
      width: size,
      height: size,
      window: { left: 0, top: 0, width: size, height: size },
    });
  }
  const short = Math.min(width, height);
  const resizedWidth = Math.trunc((size * width) / short);
  const resizedHeight = Math.trunc((size * height) / short);
  const left = Math.floor((resizedWidth - size) / 2);
  const top = Math.floor((resizedHeight - size) / 2);
  return resizeBicubic(image, {
    canvas: { width, height, left: 0, top: 0 },
    colour: paddingColour,
    width: resizedWidth,
    height: resizedHeight,
    window: { left, top, width: size, height: size },
  });
}

type Triple = readonly [number, number, number];

/** 8-bit RGB [side, side] to normalised float32 [3, side, side]: (x/255 − mean) / deviation. */
export function normalise(pixels: Uint8Array, side: number, mean: Triple, deviation: Triple): Float32Array {
  const plane = side * side;
  const result = new Float32Array(3 * plane);
  for (let channel = 0; channel < 3; channel++) {
    const table = Float32Array.from({ length: 256 }, (_, value) => {
      const scaled = Math.fround(value * (1 / 255));
      return Math.fround(scaled - Math.fround(mean[channel] ?? 0)) / Math.fround(deviation[channel] ?? 1);
    });
    const base = channel * plane;
    for (let i = 0; i < plane; i++) result[base + i] = table[pixels[i * 3 + channel] ?? 0] ?? 0;
  }
  return result;
}

export interface LowResolution {
  /** Side of one view. */
  readonly side: number;
  /** `image_grid`: tiles along one side. */
  readonly grid: number;
  /** `image_global`: whether the whole image follows the tiles. */
  readonly global: boolean;
}

/**
 * The views of the low-resolution encoder [views, 3, side, side], from the normalised high-resolution pixels.
 * One view is the whole image; with a grid the tiles come row by row, then the whole image.
 */
export function lowResolutionPixels(
  high: Float32Array,
  highSide: number,
  { side, grid, global }: LowResolution,
): Float32Array {
  const whole = resizeBilinear(high, highSide, side * grid);
  if (grid === 1) return whole;
  const tile = 3 * side * side;
  const views = new Float32Array(tile * (grid * grid + (global ? 1 : 0)));
  for (let row = 0; row < grid; row++) {
    for (let column = 0; column < grid; column++) {
      cutTile(
        whole,
        side * grid,
        { left: column * side, top: row * side, side },
        views.subarray((row * grid + column) * tile),
      );
    }
  }
  if (global) views.set(resizeBilinear(whole, side * grid, side), grid * grid * tile);
  return views;
}

function cutTile(
  image: Float32Array,
  imageSide: number,
  { left, top, side }: { readonly left: number; readonly top: number; readonly side: number },
  into: Float32Array,
): void {
  for (let channel = 0; channel < 3; channel++) {
    for (let y = 0; y < side; y++) {
      const begin = (channel * imageSide + top + y) * imageSide + left;
      into.set(image.subarray(begin, begin + side), (channel * side + y) * side);
    }
  }
}

/** torch's interpolate(mode="bilinear", align_corners=False), without antialiasing. [3, from, from] → [3, to, to] */
function resizeBilinear(image: Float32Array, from: number, to: number): Float32Array {
  const scale = Math.fround(from / to);
  const axis = Array.from({ length: to }, (_, target) => {
    // Rounded once: torch fuses the product and the difference.
    const position = Math.fround(Math.max(scale * (target + 0.5) - 0.5, 0));
    const first = Math.min(Math.floor(position), from - 1);
    const weight = Math.fround(position - first);
    return {
      first,
      second: Math.min(first + 1, from - 1),
      weight,
      rest: Math.fround(1 - weight),
    };
  });
  const result = new Float32Array(3 * to * to);
  let at = 0;
  for (let channel = 0; channel < 3; channel++) {
    const plane = channel * from * from;
    for (const y of axis) {
      const upper = plane + y.first * from;
      const lower = plane + y.second * from;
      for (const x of axis) {
        const top = x.rest * (image[upper + x.first] ?? 0) + x.weight * (image[upper + x.second] ?? 0);
        const bottom = x.rest * (image[lower + x.first] ?? 0) + x.weight * (image[lower + x.second] ?? 0);
        result[at++] = y.rest * top + y.weight * bottom;
      }
    }
  }
  return result;
}

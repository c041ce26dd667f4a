/** Finds lines of text with DBNet (Liao et al., "Real-time Scene Text Detection with Differentiable Binarization"). */
import type { InferenceSession, Tensor } from "onnxruntime-node";
import { throwIfCancelled } from "../../shared/failure";
import type { RgbImage } from "../image/decode";
import type { RotatedRectangle } from "./geometry";
import { mergeTouching } from "./merge";
import { loadSharp } from "./native";
import { findTextRegions, type ProbabilityMap } from "./text-regions";

/** The network halves its input five times. */
const strideMultiple = 32;
/** The longest side of what the network sees at once: bounds its memory. */
const tileSide = 1024;
/** Tiles overlap by this much, so that text at a seam is seen with its surroundings. */
const tileOverlap = 64;
/** Bounds the time for enormous images, which are scaled down to this many pixels. */
const maxPixels = 16_000_000;

/** Images of more pixels than a desktop's screen are looked at in half size first. */
const halvedAbove = 3_000_000;
/** Heights of text's rectangles, in full size, that half size shows well. Taller ones may be blurred paragraphs. */
const largeText = { from: 28, to: 100 };
/** Probability, in 1/255, that even text too small to tell reaches somewhere. */
const signOfText = 50;

const regionOptions = { pixelThreshold: 0.3, regionThreshold: 0.5, growRatio: 1.6, maxRegions: 4000 };

/** Per channel, in the order blue, green, red, which PaddleOCR trains with. */
const mean = [0.485, 0.456, 0.406] as const;
const deviation = [0.229, 0.224, 0.225] as const;

export type TensorConstructor = new (type: "float32", data: Float32Array, dims: readonly number[]) => Tensor;

export interface Network {
  readonly session: InferenceSession;
  readonly Tensor: TensorConstructor;
}

/** A hook between two pieces of work: lets timers and messages through and throws when cancelled. */
export type Breathe = () => Promise<void>;

export function breatheWith(signal: AbortSignal | undefined): Breathe {
  return async () => {
    await new Promise((resolve) => setImmediate(resolve));
    throwIfCancelled(signal);
  };
}

/**
 * Rectangles around lines of text, in pixels of the image, in no order. Large images are looked at in half size first,
 * which is a quarter of the work, and in full size only where that shows small text.
 */
export async function detectText(network: Network, image: RgbImage, breathe: Breathe): Promise<RotatedRectangle[]> {
  const full = Math.min(1, Math.sqrt(maxPixels / (image.width * image.height)));
  if (image.width * image.height * full ** 2 > halvedAbove) {
    const { rectangles, signs } = await detectAtScale(network, image, full / 2, breathe);
    if (!signs || isLarge(rectangles, full)) return rectangles;
  }
  return (await detectAtScale(network, image, full, breathe)).rectangles;
}

/** Whether nearly all text is large enough to have been found well at half of `scale`. */
function isLarge(rectangles: readonly RotatedRectangle[], scale: number): boolean {
  let all = 0;
  let large = 0;
  for (const { width, height } of rectangles) {
    all += Math.max(width, height);
    const size = Math.min(width, height) * scale;
    if (size >= largeText.from && size <= largeText.to) large += Math.max(width, height);
  }
  return large > 0.9 * all;
}

interface Detection {
  readonly rectangles: RotatedRectangle[];
  /** Whether anything at all looks like text. */
  readonly signs: boolean;
}

async function detectAtScale(network: Network, image: RgbImage, scale: number, breathe: Breathe): Promise<Detection> {
  const width = Math.max(1, Math.round(image.width * scale));
  const height = Math.max(1, Math.round(image.height * scale));
  const pixels = scale === 1 ? image.data : await resize(image, width, height);
  const map = await probabilityMap(network, { data: pixels, width, height }, breathe);
  const scaleX = image.width / width;
  const scaleY = image.height / height;
  const regions = findTextRegions(map, regionOptions).map(({ rectangle }) => ({
    centreX: rectangle.centreX * scaleX,
    centreY: rectangle.centreY * scaleY,
    width: rectangle.width * scaleX,
    height: rectangle.height * scaleY,
    angle: rectangle.angle,
  }));
  return { rectangles: mergeTouching(regions), signs: map.values.some((value) => value >= signOfText) };
}

async function resize(image: RgbImage, width: number, height: number): Promise<Uint8Array> {
  const sharp = await loadSharp();
  return await sharp(image.data, {
    raw: { width: image.width, height: image.height, channels: 3 },
    limitInputPixels: false,
  })
    .resize(width, height, { fit: "fill", kernel: "cubic" })
    .raw()
    .toBuffer();
}

interface Pixels {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

async function probabilityMap(network: Network, image: Pixels, breathe: Breathe): Promise<ProbabilityMap> {
  const values = new Uint8Array(image.width * image.height);
  for (const rows of tiles(image.height)) {
    for (const columns of tiles(image.width)) {
      await breathe();
      const input = tileInput(image, columns, rows);
      const [, , height, width] = input.dims;
      const tensor = new network.Tensor("float32", input.data, input.dims);
      const outputs = await network.session.run({ [network.session.inputNames[0] ?? ""]: tensor });
      const output = outputs[network.session.outputNames[0] ?? ""];
      if (!(output?.data instanceof Float32Array) || output.data.length !== width * height) {
        throw new Error(`text detection answered ${String(output?.dims)} for ${String(input.dims)}`);
      }
      for (let y = rows.keepFrom; y < rows.keepTo; y++) {
        const from = (y - rows.from) * width - columns.from;
        const to = y * image.width;
        for (let x = columns.keepFrom; x < columns.keepTo; x++) {
          values[to + x] = Math.round((output.data[from + x] ?? 0) * 255);
        }
      }
    }
  }
  return { width: image.width, height: image.height, values };
}

interface Tile {
  readonly from: number;
  readonly to: number;
  /** Of each overlap, the half nearer to the tile's middle is kept. */
  readonly keepFrom: number;
  readonly keepTo: number;
}

/** Cuts a side into tiles of equal length, at most `tileSide` each. */
export function tiles(side: number): Tile[] {
  const count = side <= tileSide ? 1 : Math.ceil((side - tileOverlap) / (tileSide - tileOverlap));
  const length = Math.ceil((side + (count - 1) * tileOverlap) / count);
  const half = tileOverlap / 2;
  return Array.from({ length: count }, (_, index) => {
    const from = index * (length - tileOverlap);
    const to = Math.min(side, from + length);
    return { from, to, keepFrom: index === 0 ? 0 : from + half, keepTo: index === count - 1 ? side : to - half };
  });
}

/** One tile as the network takes it: [1, 3, height, width], sides padded to its stride by repeating the edge. */
function tileInput(image: Pixels, columns: Tile, rows: Tile) {
  const width = roundUp(columns.to - columns.from);
  const height = roundUp(rows.to - rows.from);
  const plane = width * height;
  const data = new Float32Array(3 * plane);
  const tables = mean.map((centre, channel) =>
    Float32Array.from({ length: 256 }, (_, value) => (value / 255 - centre) / (deviation[channel] ?? 1)),
  );
  for (let y = 0; y < height; y++) {
    const row = Math.min(rows.from + y, image.height - 1) * image.width;
    for (let channel = 0; channel < 3; channel++) {
      const table = tables[channel] ?? new Float32Array(256);
      const target = channel * plane + y * width;
      for (let x = 0; x < width; x++) {
        const column = Math.min(columns.from + x, image.width - 1);
        data[target + x] = table[image.data[(row + column) * 3 + 2 - channel] ?? 0] ?? 0;
      }
    }
  }
  return { data, dims: [1, 3, height, width] as const };
}

function roundUp(side: number): number {
  return Math.ceil(side / strideMultiple) * strideMultiple;
}

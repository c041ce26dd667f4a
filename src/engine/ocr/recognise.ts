/** Reads a line of text with PaddleOCR's recogniser: a convolutional and attention network decoded by CTC. */
import type { RgbImage } from "../image/decode";
import type { Breathe, Network } from "./detect";
import type { RotatedRectangle } from "./geometry";

/** What the network was trained with. */
const lineHeight = 48;
/** Wider lines are squeezed to this: attention over a line costs the square of its width. */
const maxWidth = 3200;
const minWidth = 48;
/**
 * Dense images are read squeezed, down to `mostSqueeze`, to hold the widths of all lines together near this. Time is in
 * proportion to width, and errors hardly rise (docs/performance.md).
 */
const widthBudget = 40_000;
const mostSqueeze = 0.75;
/** Pixels of all lines of one batch, including their padding: bounds memory, and time between cancellation checks. */
const batchPixels = lineHeight * 6400;

export interface ReadLine {
  readonly text: string;
  /** Mean probability of the characters, 0 to 1; 0 without characters. */
  readonly confidence: number;
}

interface Crop {
  readonly index: number;
  readonly rectangle: RotatedRectangle;
  readonly width: number;
}

/** Reads each rectangle's text, in the order of the rectangles. `characters[0]` stands for class 1; class 0 is blank. */
export async function recogniseLines(
  network: Network,
  characters: readonly string[],
  image: RgbImage,
  rectangles: readonly RotatedRectangle[],
  breathe: Breathe,
  onProgress: (done: number) => void,
): Promise<ReadLine[]> {
  const lines: ReadLine[] = rectangles.map(() => ({ text: "", confidence: 0 }));
  const total = rectangles.reduce((sum, rectangle) => sum + cropWidth(rectangle, 1), 0);
  const squeeze = Math.max(mostSqueeze, Math.min(1, widthBudget / total));
  const crops = rectangles
    .map((rectangle, index) => ({ index, rectangle, width: cropWidth(rectangle, squeeze) }))
    .sort((a, b) => a.width - b.width);
  let done = 0;
  for (const batch of batches(crops)) {
    await breathe();
    const width = Math.ceil(Math.max(...batch.map((crop) => crop.width)) / 32) * 32;
    const dims = [batch.length, 3, lineHeight, width];
    const data = new Float32Array(batch.length * 3 * lineHeight * width);
    batch.forEach((crop, slot) => {
      const target = data.subarray(slot * 3 * lineHeight * width, (slot + 1) * 3 * lineHeight * width);
      cropInto(target, width, image, crop);
    });
    const outputs = await network.session.run({
      [network.session.inputNames[0] ?? ""]: new network.Tensor("float32", data, dims),
    });
    const classes = outputs["classes"];
    const probabilities = outputs["probabilities"];
    if (!(classes?.data instanceof BigInt64Array) || !(probabilities?.data instanceof Float32Array)) {
      throw new Error(`text recognition answered ${Object.keys(outputs).join(", ")}`);
    }
    const steps = classes.dims[1] ?? 0;
    for (const [slot, crop] of batch.entries()) {
      const range = [slot * steps, (slot + 1) * steps] as const;
      lines[crop.index] = decode(classes.data.subarray(...range), probabilities.data.subarray(...range), characters);
    }
    onProgress((done += batch.length));
  }
  return lines;
}

function cropWidth({ width, height }: RotatedRectangle, squeeze: number): number {
  return Math.max(minWidth, Math.min(maxWidth, Math.round((squeeze * lineHeight * width) / Math.max(height, 1))));
}

/** Cuts lines, sorted by width, into batches within `batchPixels` whose widths differ by at most a quarter. */
function batches(crops: readonly Crop[]): Crop[][] {
  const result: Crop[][] = [];
  let batch: Crop[] = [];
  for (const crop of crops) {
    const narrowest = batch[0]?.width ?? crop.width;
    const pixels = (batch.length + 1) * crop.width * lineHeight;
    if (batch.length > 0 && (pixels > batchPixels || crop.width > narrowest * 1.25 + 32)) {
      result.push(batch);
      batch = [];
    }
    batch.push(crop);
  }
  if (batch.length > 0) result.push(batch);
  return result;
}

/** Samples a rectangle into [3, lineHeight, stride] as blue, green, red in [-1, 1]; the rest stays 0, as in training. */
function cropInto(target: Float32Array, stride: number, image: RgbImage, { rectangle, width }: Crop): void {
  const plane = lineHeight * stride;
  const cos = Math.cos(rectangle.angle);
  const sin = Math.sin(rectangle.angle);
  const stepU = rectangle.width / width;
  const stepV = rectangle.height / lineHeight;
  // Text larger than the network's input is averaged over as many samples as fall on one of its pixels.
  const samplesU = Math.min(8, Math.max(1, Math.round(stepU)));
  const samplesV = Math.min(8, Math.max(1, Math.round(stepV)));
  const scale = 2 / 255 / (samplesU * samplesV);
  const colour = new Float64Array(3);
  for (let row = 0; row < lineHeight; row++) {
    for (let column = 0; column < width; column++) {
      colour.fill(0);
      for (let i = 0; i < samplesV; i++) {
        const v = (row + (i + 0.5) / samplesV) * stepV - rectangle.height / 2;
        for (let j = 0; j < samplesU; j++) {
          const u = (column + (j + 0.5) / samplesU) * stepU - rectangle.width / 2;
          addSample(colour, image, rectangle.centreX + u * cos - v * sin, rectangle.centreY + u * sin + v * cos);
        }
      }
      const at = row * stride + column;
      target[at] = (colour[2] ?? 0) * scale - 1;
      target[at + plane] = (colour[1] ?? 0) * scale - 1;
      target[at + 2 * plane] = (colour[0] ?? 0) * scale - 1;
    }
  }
}

/** Adds the bilinear sample at a point; pixel centres lie at halves, and the image's edge goes on outside it. */
function addSample(colour: Float64Array, image: RgbImage, x: number, y: number): void {
  const { data, width, height } = image;
  const left = Math.floor(x - 0.5);
  const top = Math.floor(y - 0.5);
  const right = x - 0.5 - left;
  const down = y - 0.5 - top;
  const x0 = Math.min(Math.max(left, 0), width - 1);
  const x1 = Math.min(Math.max(left + 1, 0), width - 1);
  const y0 = Math.min(Math.max(top, 0), height - 1) * width;
  const y1 = Math.min(Math.max(top + 1, 0), height - 1) * width;
  for (let channel = 0; channel < 3; channel++) {
    const a = data[(y0 + x0) * 3 + channel] ?? 0;
    const b = data[(y0 + x1) * 3 + channel] ?? 0;
    const c = data[(y1 + x0) * 3 + channel] ?? 0;
    const d = data[(y1 + x1) * 3 + channel] ?? 0;
    const upper = a + (b - a) * right;
    const lower = c + (d - c) * right;
    colour[channel] = (colour[channel] ?? 0) + upper + (lower - upper) * down;
  }
}

/** Greedy CTC: repeats of a class are one character, blanks part them. */
export function decode(classes: BigInt64Array, probabilities: Float32Array, characters: readonly string[]): ReadLine {
  let text = "";
  let sum = 0;
  let count = 0;
  let previous = 0;
  classes.forEach((value, step) => {
    const current = Number(value);
    if (current !== 0 && current !== previous) {
      text += characters[current - 1] ?? "";
      sum += probabilities[step] ?? 0;
      count++;
    }
    previous = current;
  });
  return { text, confidence: count === 0 ? 0 : sum / count };
}

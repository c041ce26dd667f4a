/** A picture of unfinished latents: one pixel for each 8 × 8 of the picture to come, enlarged by the page's style. */
import type { LatentPreview } from "../src/shared/generate-protocol";

export function drawLatents(canvas: HTMLCanvasElement, { width, height, rgb }: LatentPreview): void {
  canvas.width = width;
  canvas.height = height;
  const pixels = new ImageData(width, height);
  for (let pixel = 0; pixel < width * height; pixel++) {
    pixels.data.set(rgb.subarray(pixel * 3, pixel * 3 + 3), pixel * 4);
    pixels.data[pixel * 4 + 3] = 255;
  }
  canvas.getContext("2d")?.putImageData(pixels, 0, 0);
}

/** How large images may be; more fails before any pixel is decoded. */
import { FailureError } from "../../shared/failure";

/** Bytes of an image file. */
export const fileLimit = 64 * 2 ** 20;
/** Three screenshots of 8K side by side: 300 MB when decoded. */
export const pixelLimit = 100_000_000;
/** Longest side, in pixels. */
const sideLimit = 40_000;

/** @throws FailureError `image-too-large`. */
export function checkSize(image: string, width: number, height: number, limit = pixelLimit): void {
  const pixels = width * height;
  if (pixels > limit || Math.max(width, height) > sideLimit) {
    // A long thin picture is refused for its side: say the square of it, which is what it is padded to.
    const found = pixels > limit ? pixels : Math.max(width, height) ** 2;
    throw new FailureError({ code: "image-too-large", image, pixels: found, limit });
  }
}

/** Images for other programs: small enough, in formats that all of them read. */
import type { RgbImage } from "./decode";
import { loadSharp } from "./raster";

/** Longest side, in pixels: vision models look at no more. */
const longestSide = 2048;
/** Screenshots stay exact up to this size; what is larger is a photo, for which JPEG does. */
const largestPng = 1.5 * 2 ** 20;
const jpegQuality = 90;

/** A data: URL with a PNG or JPEG, shrunk to at most 2048 pixels a side. @throws FailureError `engine-native`. */
export async function dataUrlOf({ data, width, height }: RgbImage): Promise<string> {
  const sharp = await loadSharp();
  const small = sharp(data, { raw: { width, height, channels: 3 } }).resize(longestSide, longestSide, {
    fit: "inside",
    withoutEnlargement: true,
  });
  const png = await small.clone().png().toBuffer();
  if (png.length <= largestPng) return `data:image/png;base64,${png.toString("base64")}`;
  const jpeg = await small.jpeg({ quality: jpegQuality, chromaSubsampling: "4:4:4" }).toBuffer();
  return `data:image/jpeg;base64,${jpeg.toString("base64")}`;
}

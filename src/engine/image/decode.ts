/**
 * Images as people have them, decoded to 8-bit RGB: upright, in sRGB, alpha dropped and not blended.
 *
 * The type is told from the bytes. Sizes are checked before pixels are decoded, so a small file that claims a huge
 * picture costs nothing.
 */
import { createHash } from "node:crypto";
import { FailureError, throwIfCancelled } from "../../shared/failure";
import type { ImagePart, ImageSource } from "../../shared/protocol";
import { decodeBmp } from "./bmp";
import { nameOfUnsupported, rasterFormatOf } from "./formats";
import { decodeRaster } from "./raster";
import { readSource } from "./read-source";
import type { Pixels } from "./resize";
import { decodeSvg, svgOf } from "./svg";

export interface RgbImage {
  /** What people know it by. */
  readonly name: string;
  readonly width: number;
  readonly height: number;
  /** RGB, row by row. */
  readonly data: Uint8Array;
  /** SHA-256 of the file's bytes and the crop. */
  readonly hash: string;
}

/**
 * PNG, JPEG, WebP, GIF (the first frame that shows anything), AVIF, TIFF (first page), SVG (on white), BMP.
 *
 * @throws FailureError `file-missing`, `file-unreadable`, `file-too-large`, `image-empty`, `image-unsupported`,
 *   `image-damaged`, `image-too-large`, `image-crop-outside`, `engine-native`, `cancelled`.
 */
export async function decodeImage(source: ImageSource, signal?: AbortSignal): Promise<RgbImage> {
  const { name, crop } = source;
  throwIfCancelled(signal);
  const bytes = await readSource(source, signal);
  throwIfCancelled(signal);
  if (bytes.length === 0) throw new FailureError({ code: "image-empty", image: name });
  const hash = createHash("sha256")
    .update(bytes)
    .update(JSON.stringify(crop ?? null))
    .digest("hex");
  const pixels = await orCancelled(decodeBytes(name, bytes, signal), signal);
  const { width, height, data } = crop === undefined ? pixels : cropPixels(name, pixels, crop);
  return { name, width, height, data, hash };
}

async function decodeBytes(image: string, bytes: Buffer, signal: AbortSignal | undefined): Promise<Pixels> {
  const format = rasterFormatOf(bytes);
  if (format === "bmp") return decodeBmp(image, bytes);
  if (format !== undefined) return decodeRaster(image, bytes, signal);
  const svg = await svgOf(image, bytes);
  if (svg !== undefined) return decodeSvg(image, svg, signal);
  throw new FailureError({ code: "image-unsupported", image, found: nameOfUnsupported(bytes) });
}

/** The library cannot be stopped within an image: on cancelling, it ends unheard. */
async function orCancelled<Result>(work: Promise<Result>, signal: AbortSignal | undefined): Promise<Result> {
  if (signal === undefined) return work;
  let cancel = (): void => undefined;
  const cancelled = new Promise<never>((_resolve, reject) => {
    cancel = () => {
      reject(new FailureError({ code: "cancelled" }));
    };
    signal.addEventListener("abort", cancel, { once: true });
  });
  try {
    throwIfCancelled(signal);
    return await Promise.race([work, cancelled]);
  } finally {
    signal.removeEventListener("abort", cancel);
  }
}

/** @throws FailureError `image-crop-outside` where the rectangle covers no pixel. */
function cropPixels(image: string, { data, width, height }: Pixels, { of, ...crop }: ImagePart): Pixels {
  const across = of === undefined ? 1 : width / of.width;
  const down = of === undefined ? 1 : height / of.height;
  const left = Math.max(Math.round(crop.left * across), 0);
  const top = Math.max(Math.round(crop.top * down), 0);
  const right = Math.min(Math.round((crop.left + crop.width) * across), width);
  const bottom = Math.min(Math.round((crop.top + crop.height) * down), height);
  if (!(right > left && bottom > top)) throw new FailureError({ code: "image-crop-outside", image, width, height });
  const part = new Uint8Array((right - left) * (bottom - top) * 3);
  for (let y = top; y < bottom; y++) {
    const row = data.subarray((y * width + left) * 3, (y * width + right) * 3);
    part.set(row, (y - top) * (right - left) * 3);
  }
  return { data: part, width: right - left, height: bottom - top };
}

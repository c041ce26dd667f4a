/**
 * Images as people have them, decoded to 8-bit RGB: upright, in sRGB, alpha dropped (not blended), as PIL's
 * convert("RGB") does in the reference.
 *
 * The type is told from the bytes. Sizes are checked before pixels are decoded, so a small file that claims a huge
 * picture costs nothing.
 */
import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import type * as Sharp from "sharp";
import { FailureError, throwIfCancelled } from "../../shared/failure";
import type { ImageSource, Rectangle } from "../../shared/protocol";
import { decodeBmp, isBmp } from "./bmp";
import { checkSvg, isSvg } from "./svg";

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

const fileLimit = 64 * 2 ** 20;
/** 8K screenshots, four of them; 300 MB decoded. */
const pixelLimit = 100_000_000;
const longestSide = 40_000;

/**
 * @throws FailureError `file-missing`, `file-unreadable`, `file-too-large`, `image-empty`, `image-unsupported`,
 *   `image-damaged`, `image-too-large`, `image-crop-outside`, `cancelled`.
 */
export async function decodeImage(source: ImageSource, signal?: AbortSignal): Promise<RgbImage> {
  const { name, crop } = source;
  const bytes = await readBytes(source);
  throwIfCancelled(signal);
  if (bytes.length === 0) throw new FailureError({ code: "image-empty", image: name });
  const hash = createHash("sha256")
    .update(bytes)
    .update(JSON.stringify(crop ?? null))
    .digest("hex");
  const { data, width, height } = isBmp(bytes) ? decodeBmp(name, bytes, pixelLimit) : await decodeBySharp(name, bytes);
  throwIfCancelled(signal);
  if (crop === undefined) return { name, width, height, data, hash };
  return { name, ...cropPixels(name, { data, width, height }, crop), hash };
}

async function readBytes({ data }: ImageSource): Promise<Buffer> {
  if (data.kind === "bytes") {
    const { bytes } = data;
    if (bytes.length > fileLimit) {
      throw new FailureError({ code: "file-too-large", file: "", bytes: bytes.length, limit: fileLimit });
    }
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
  const { file } = data;
  try {
    const handle = await open(file, "r");
    try {
      const found = await handle.stat();
      if (!found.isFile()) throw new FailureError({ code: "file-unreadable", file, reason: "it is no regular file" });
      if (found.size > fileLimit) {
        throw new FailureError({ code: "file-too-large", file, bytes: found.size, limit: fileLimit });
      }
      return await handle.readFile();
    } finally {
      await handle.close();
    }
  } catch (thrown) {
    if (thrown instanceof FailureError) throw thrown;
    const reason = (thrown as NodeJS.ErrnoException).code ?? String(thrown);
    throw new FailureError(
      reason === "ENOENT" ? { code: "file-missing", file } : { code: "file-unreadable", file, reason },
    );
  }
}

interface Pixels {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** Formats that are taken from the library; others it may know (PDF, RAW) are none of an image explainer's business. */
const formats = new Set(["png", "jpeg", "webp", "gif", "heif", "tiff", "svg", "jp2"]);

async function decodeBySharp(image: string, bytes: Buffer): Promise<Pixels> {
  const sharp = await loadSharp();
  const vector = isSvg(bytes);
  if (vector) checkSvg(image, bytes);
  const options = { limitInputPixels: pixelLimit, failOn: "truncated", sequentialRead: true, page: 0 } as const;
  const metadata = await sharp(bytes, { ...options, limitInputPixels: false })
    .metadata()
    .catch(() => undefined);
  if (metadata === undefined || !formats.has(metadata.format)) {
    const found = metadata?.format ?? `bytes ${bytes.subarray(0, 4).toString("hex")}`;
    throw new FailureError({ code: "image-unsupported", image, found });
  }
  const { width, height } = metadata;
  const pixels = width * height;
  if (pixels > pixelLimit || Math.max(width, height) > longestSide) {
    throw new FailureError({ code: "image-too-large", image, pixels, limit: pixelLimit });
  }
  try {
    const upright = sharp(bytes, options).autoOrient().toColourspace("srgb").removeAlpha();
    const { data, info } = await upright.raw({ depth: "uchar" }).toBuffer({ resolveWithObject: true });
    return { data: info.channels === 3 ? data : spread(data, info.channels), width: info.width, height: info.height };
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw new FailureError({ code: "image-damaged", image, reason }, { cause: thrown });
  }
}

/** One grey channel to three. */
function spread(grey: Uint8Array, channels: number): Uint8Array {
  const result = new Uint8Array((grey.length / channels) * 3);
  for (let pixel = 0; pixel * 3 < result.length; pixel++) {
    result.fill(grey[pixel * channels] ?? 0, pixel * 3, pixel * 3 + 3);
  }
  return result;
}

function cropPixels(image: string, { data, width, height }: Pixels, crop: Rectangle): Pixels {
  const left = Math.max(Math.round(crop.left), 0);
  const top = Math.max(Math.round(crop.top), 0);
  const right = Math.min(Math.round(crop.left + crop.width), width);
  const bottom = Math.min(Math.round(crop.top + crop.height), height);
  if (!(right > left && bottom > top)) throw new FailureError({ code: "image-crop-outside", image, width, height });
  const part = new Uint8Array((right - left) * (bottom - top) * 3);
  for (let y = top; y < bottom; y++) {
    const row = data.subarray((y * width + left) * 3, (y * width + right) * 3);
    part.set(row, (y - top) * (right - left) * 3);
  }
  return { data: part, width: right - left, height: bottom - top };
}

let loading: Promise<typeof Sharp.default> | undefined;

async function loadSharp(): Promise<typeof Sharp.default> {
  loading ??= import("sharp").then(
    (module) => module.default,
    (thrown: unknown) => {
      loading = undefined;
      const message = thrown instanceof Error ? thrown.message : String(thrown);
      throw new FailureError({ code: "engine-native", library: "sharp", message }, { cause: thrown });
    },
  );
  return loading;
}

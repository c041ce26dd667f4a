/**
 * Raster images by sharp (libvips): upright, 8 bits, sRGB, alpha dropped and not blended, as PIL's convert("RGB") does
 * in the reference.
 */
import type * as Sharp from "sharp";
import { FailureError, throwIfCancelled } from "../../shared/failure";
import { checkSize, pixelLimit } from "./limits";
import type { Pixels } from "./resize";

/** Frames that are looked at for one that shows anything. */
const frameLimit = 32;
const secondsLimit = 60;

/** @throws FailureError `image-damaged`, `image-too-large`, `cancelled`, `engine-native`. */
export async function decodeRaster(image: string, bytes: Buffer, signal: AbortSignal | undefined): Promise<Pixels> {
  const sharp = await loadSharp();
  const open = (page: number): Sharp.Sharp =>
    sharp(bytes, { page, limitInputPixels: pixelLimit, failOn: "error", sequentialRead: true });
  try {
    const metadata = await sharp(bytes, { limitInputPixels: false, failOn: "error" }).metadata();
    checkSize(image, metadata.width, metadata.height);
    const frames = metadata.hasAlpha ? Math.min(metadata.pages ?? 1, frameLimit) : 1;
    let page = 0;
    while (page < frames - 1 && !(await isVisible(open(page)))) {
      throwIfCancelled(signal);
      page++;
    }
    const upright = open(page).autoOrient().toColourspace("srgb").removeAlpha().timeout({ seconds: secondsLimit });
    // Of 16 bits, sharp brings a profile's colours to Display P3 and leaves them there, unless it is told once more.
    const wide = metadata.hasProfile && metadata.space === "rgb16";
    const rgb = (wide ? upright.withIccProfile("srgb") : upright).raw({ depth: "uchar" });
    const { data, info } = await rgb.toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, data: toRgb(data, info.channels) };
  } catch (thrown) {
    if (thrown instanceof FailureError) throw thrown;
    throw new FailureError({ code: "image-damaged", image, reason: reasonOf(thrown) }, { cause: thrown });
  }
}

/** Animations may begin with an empty frame; people mean the first that shows something. */
async function isVisible(frame: Sharp.Sharp): Promise<boolean> {
  const alpha = (await frame.extractChannel("alpha").stats()).channels[0];
  return (alpha?.max ?? 255) > 0;
}

/** Grey, with or without more channels, is spread; more channels than three are dropped. */
function toRgb(data: Uint8Array, channels: number): Uint8Array {
  if (channels === 3) return data;
  const pixels = data.length / channels;
  const green = channels > 2 ? 1 : 0;
  const blue = channels > 2 ? 2 : 0;
  const result = new Uint8Array(pixels * 3);
  for (let pixel = 0; pixel < pixels; pixel++) {
    const at = pixel * channels;
    result[pixel * 3] = data[at] ?? 0;
    result[pixel * 3 + 1] = data[at + green] ?? 0;
    result[pixel * 3 + 2] = data[at + blue] ?? 0;
  }
  return result;
}

/** What the library says last, without the names of its own parts and what only its authors understand. */
export function reasonOf(thrown: unknown): string {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const lines = message
    .replace("Input buffer contains unsupported image format", "its content does not fit its format")
    .replace("Input buffer has corrupt header:", "")
    .split("\n")
    .map((line) =>
      line
        .replace(/^\s*(?:\w+: )?/, "")
        .replace(/Error domain \d+ code \d+ on (line \d+) column \d+ of data/, "$1")
        .trim(),
    )
    .filter((line) => line.length > 0 && !/^bad seek|^\([\d.]+\)$/.test(line));
  return (lines.at(-1) ?? "its header is not valid").slice(0, 200);
}

let loading: Promise<typeof Sharp.default> | undefined;

/** Nothing but these reads what is handed to libvips, whatever bytes pretend to be. */
const loaders = ["Png", "Jpeg", "Webp", "Nsgif", "Heif", "Tiff", "Svg"].map((name) => `VipsForeignLoad${name}`);

/** @throws FailureError `engine-native` with the loader's own words. */
export async function loadSharp(): Promise<typeof Sharp.default> {
  loading ??= import("sharp").then(
    ({ default: sharp }) => {
      sharp.block({ operation: ["VipsForeignLoad"] });
      sharp.unblock({ operation: loaders });
      // Pictures are decoded once and kept decoded by the caller.
      sharp.cache(false);
      return sharp;
    },
    (thrown: unknown) => {
      loading = undefined;
      const message = thrown instanceof Error ? thrown.message : String(thrown);
      throw new FailureError({ code: "engine-native", library: "sharp", message }, { cause: thrown });
    },
  );
  return loading;
}

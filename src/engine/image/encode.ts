/** A drawn picture as a file in the format that a person chose, with its prompt, seed and settings. */
import type * as Sharp from "sharp";
import { type EncodePictureParams, type EncodePictureResult, pictureFormats } from "../../shared/encode-protocol";
import { FailureError, throwIfCancelled } from "../../shared/failure";
import { type IconEntry, largestIconSide, writeIcon } from "./icon";
import { checkSize, pixelLimit } from "./limits";
import { loadSharp, reasonOf } from "./raster";
import { pictureXmp } from "./xmp";

/** What failures call the picture: it has no file yet. */
const image = "picture.png";

/**
 * A PNG that is to be a PNG is given back as it is.
 *
 * @throws FailureError `option-invalid`, `image-damaged`, `image-too-large`, `engine-native`, `cancelled`.
 */
export async function encodePicture(
  { png, format, sizes = [] }: EncodePictureParams,
  signal?: AbortSignal,
): Promise<EncodePictureResult> {
  if (!pictureFormats.includes(format)) {
    throw new FailureError({
      code: "option-invalid",
      option: "format",
      expected: pictureFormats.join(", "),
      found: format,
    });
  }
  const sharp = await loadSharp();
  const open = (): Sharp.Sharp => sharp(png, { limitInputPixels: pixelLimit, failOn: "error" });
  try {
    throwIfCancelled(signal);
    const { width, height, format: found, comments } = await open().metadata();
    checkSize(image, width, height);
    throwIfCancelled(signal);
    if (format === "png" && found === "png") return { bytes: png, width, height };
    if (format === "ico") return await encodeIcon(open, sizes, signal);
    const parameters = comments?.find(({ keyword }) => keyword === "parameters")?.text ?? "";
    const picture = open().keepExif().withXmp(pictureXmp(parameters));
    const { data, info } = await encoded(picture, format).toBuffer({ resolveWithObject: true });
    throwIfCancelled(signal);
    return { bytes: data, width: info.width, height: info.height };
  } catch (thrown) {
    if (thrown instanceof FailureError) throw thrown;
    throw new FailureError({ code: "image-damaged", image, reason: reasonOf(thrown) }, { cause: thrown });
  }
}

/** Illustrations have flat areas and sharp edges: colours are not halved in resolution, and qualities are high. */
function encoded(picture: Sharp.Sharp, format: "png" | "webp" | "avif" | "jpeg"): Sharp.Sharp {
  switch (format) {
    case "png":
      return picture.png({ compressionLevel: 9 });
    case "webp":
      return picture.webp({ quality: 90, smartSubsample: true });
    case "avif":
      return picture.avif({ quality: 70, chromaSubsampling: "4:4:4" });
    case "jpeg":
      return picture.flatten({ background: "#ffffff" }).jpeg({ quality: 92, chromaSubsampling: "4:4:4" });
  }
}

async function encodeIcon(
  open: () => Sharp.Sharp,
  sizes: readonly number[],
  signal: AbortSignal | undefined,
): Promise<EncodePictureResult> {
  const sides = [...new Set(sizes)].sort((a, b) => a - b);
  const fits = (side: number): boolean => Number.isInteger(side) && side >= 1 && side <= largestIconSide;
  if (sides.length === 0 || !sides.every(fits)) {
    const expected = `one or more whole numbers from 1 to ${largestIconSide}`;
    throw new FailureError({ code: "option-invalid", option: "sizes", expected, found: sizes.join(", ") || "none" });
  }
  const largest = sides.at(-1) ?? 0;
  const entries: IconEntry[] = [];
  for (const side of sides) {
    throwIfCancelled(signal);
    const fitted = open().resize(side, side, { fit: "contain", background: { r: 0, g: 0, b: 0, alpha: 0 } });
    // The metadata once: an icon's small pictures are smaller than the text.
    const picture = side === largest ? fitted.keepMetadata() : fitted;
    entries.push({ side, png: await picture.ensureAlpha().png({ compressionLevel: 9 }).toBuffer() });
  }
  return { bytes: writeIcon(entries), width: largest, height: largest };
}

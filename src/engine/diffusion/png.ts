/** A drawn picture as a PNG file that says how it was drawn. */
import { crc32 } from "node:zlib";
import { loadSharp } from "../image/raster";
import { pictureXmp } from "../image/xmp";

export interface DrawnPicture {
  readonly rgb: Uint8Array;
  readonly width: number;
  readonly height: number;
  /** How it was drawn, for the text `parameters` and for XMP. */
  readonly description: string;
}

/** Length of the signature, and of the header chunk after it. */
const signatureBytes = 8;
const headerBytes = 25;

/** @throws FailureError `engine-native`. */
export async function encodePng({ rgb, width, height, description }: DrawnPicture): Promise<Uint8Array> {
  const sharp = await loadSharp();
  const png = await sharp(rgb, { raw: { width, height, channels: 3 } })
    .withXmp(pictureXmp(description))
    .png()
    .toBuffer();
  const at = signatureBytes + headerBytes;
  return Buffer.concat([
    png.subarray(0, at),
    textChunk("parameters", description.replaceAll("\0", "")),
    png.subarray(at),
  ]);
}

/**
 * An `iTXt` chunk in UTF-8, not compressed. The keyword is the one under which other programs keep a prompt.
 *
 * Source: W3C, "Portable Network Graphics (PNG) Specification", 11.3.3.4.
 */
function textChunk(keyword: string, text: string): Buffer {
  const nothing = "\0";
  const body = Buffer.from(`iTXt${keyword}\0${nothing.repeat(4)}${text}`, "utf8");
  const chunk = Buffer.alloc(body.length + 8);
  chunk.writeUInt32BE(body.length - 4);
  body.copy(chunk, 4);
  chunk.writeUInt32BE(crc32(body), body.length + 4);
  return chunk;
}

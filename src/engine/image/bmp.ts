/** Uncompressed Windows bitmaps, which libvips does not read. Source: Microsoft, BITMAPFILEHEADER, BITMAPINFOHEADER. */
import { FailureError } from "../../shared/failure";

export const isBmp = (bytes: Buffer): boolean => bytes.length > 26 && bytes.toString("latin1", 0, 2) === "BM";

const uncompressed = 0;
const bitFields = 3;

/** @returns RGB, row by row. @throws FailureError `image-damaged`, `image-unsupported`, `image-too-large`. */
export function decodeBmp(
  image: string,
  bytes: Buffer,
  pixelLimit: number,
): { data: Uint8Array; width: number; height: number } {
  const damaged = (reason: string): never => {
    throw new FailureError({ code: "image-damaged", image, reason });
  };
  if (bytes.length < 54) return damaged("the header is cut off");
  const start = bytes.readUInt32LE(10);
  const headerBytes = bytes.readUInt32LE(14);
  const width = bytes.readInt32LE(18);
  const signedHeight = bytes.readInt32LE(22);
  const depth = bytes.readUInt16LE(28);
  const compression = bytes.readUInt32LE(30);
  const height = Math.abs(signedHeight);
  if (headerBytes < 40 || width <= 0 || height === 0) return damaged("the header is malformed");
  if (width * height > pixelLimit) {
    throw new FailureError({ code: "image-too-large", image, pixels: width * height, limit: pixelLimit });
  }
  const known = compression === uncompressed || (compression === bitFields && depth === 32);
  if (!known || ![8, 24, 32].includes(depth)) {
    throw new FailureError({
      code: "image-unsupported",
      image,
      found: `bmp of ${depth} bits, compression ${compression}`,
    });
  }
  const rowBytes = Math.ceil((width * depth) / 32) * 4;
  if (start + rowBytes * height > bytes.length) return damaged("the file ends early");
  const palette = 14 + headerBytes;
  if (depth === 8 && palette + 1024 > bytes.length) return damaged("the palette is cut off");
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const row = start + (signedHeight > 0 ? height - 1 - y : y) * rowBytes;
    for (let x = 0; x < width; x++) {
      const at = depth === 8 ? palette + (bytes[row + x] ?? 0) * 4 : row + (x * depth) / 8;
      const to = (y * width + x) * 3;
      data[to] = bytes[at + 2] ?? 0;
      data[to + 1] = bytes[at + 1] ?? 0;
      data[to + 2] = bytes[at] ?? 0;
    }
  }
  return { data, width, height };
}

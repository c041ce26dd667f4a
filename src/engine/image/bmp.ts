/**
 * Uncompressed Windows bitmaps, which libvips does not read: 1, 4, 8, 16, 24 and 32 bits a pixel.
 * Source: Microsoft, "Bitmap Storage" (BITMAPFILEHEADER, BITMAPCOREHEADER, BITMAPINFOHEADER and its later versions).
 */
import { FailureError } from "../../shared/failure";
import { checkSize } from "./limits";
import type { Pixels } from "./resize";

const fileHeaderBytes = 14;
const coreHeaderBytes = 12;
const infoHeaderBytes = 40;
const uncompressed = 0;
const bitFields = 3;
const bitFieldsWithAlpha = 6;

interface Header {
  readonly pixelStart: number;
  readonly width: number;
  readonly height: number;
  /** Rows are stored upwards, unless this is set. */
  readonly topDown: boolean;
  readonly depth: number;
  readonly compression: number;
  /** Where what follows the header begins: masks or palette. */
  readonly tableStart: number;
  readonly paletteEntryBytes: number;
  readonly paletteEntries: number;
}

/** @throws FailureError `image-damaged`, `image-unsupported`, `image-too-large`. */
export function decodeBmp(image: string, bytes: Buffer): Pixels {
  const header = readHeader(image, bytes);
  const { width, height, depth, compression, pixelStart, topDown } = header;
  checkSize(image, width, height);
  const masked = compression === bitFields || compression === bitFieldsWithAlpha;
  const plain = compression === uncompressed && [1, 4, 8, 16, 24, 32].includes(depth);
  if (!plain && !(masked && (depth === 16 || depth === 32))) {
    const found = `BMP of ${depth} bits, compression ${compression}`;
    throw new FailureError({ code: "image-unsupported", image, found });
  }
  const rowBytes = Math.ceil((width * depth) / 32) * 4;
  if (pixelStart + rowBytes * height > bytes.length) throw damaged(image, "the file ends early");
  const colourAt = depth <= 8 ? paletteReader(image, bytes, header) : directReader(image, bytes, header);
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const row = pixelStart + (topDown ? y : height - 1 - y) * rowBytes;
    for (let x = 0; x < width; x++) {
      const colour = colourAt(row, x);
      const to = (y * width + x) * 3;
      data[to] = colour >>> 16;
      data[to + 1] = (colour >>> 8) & 255;
      data[to + 2] = colour & 255;
    }
  }
  return { data, width, height };
}

function readHeader(image: string, bytes: Buffer): Header {
  const cutOff = "the header is cut off";
  if (bytes.length < fileHeaderBytes + coreHeaderBytes) throw damaged(image, cutOff);
  const pixelStart = bytes.readUInt32LE(10);
  const headerBytes = bytes.readUInt32LE(14);
  const tableStart = fileHeaderBytes + headerBytes;
  const core = headerBytes === coreHeaderBytes;
  if (!core && (headerBytes < infoHeaderBytes || headerBytes > 1024)) throw damaged(image, "the header is malformed");
  if (tableStart > bytes.length) throw damaged(image, cutOff);
  const width = core ? bytes.readUInt16LE(18) : bytes.readInt32LE(18);
  const signedHeight = core ? bytes.readUInt16LE(20) : bytes.readInt32LE(22);
  const depth = bytes.readUInt16LE(core ? 24 : 28);
  const used = core ? 0 : bytes.readUInt32LE(46);
  if (width <= 0 || signedHeight === 0) throw damaged(image, "it has no width or no height");
  const possible = depth <= 8 ? 2 ** depth : 0;
  return {
    pixelStart,
    width,
    height: Math.abs(signedHeight),
    topDown: signedHeight < 0,
    depth,
    compression: core ? uncompressed : bytes.readUInt32LE(30),
    tableStart,
    paletteEntryBytes: core ? 3 : 4,
    paletteEntries: used > 0 ? Math.min(used, possible) : possible,
  };
}

/** Gives the colour, 0xRRGGBB, of pixel `x` of the row that begins at byte `row`. */
type ColourReader = (row: number, x: number) => number;

function paletteReader(image: string, bytes: Buffer, header: Header): ColourReader {
  const { depth, tableStart, paletteEntryBytes, paletteEntries } = header;
  if (tableStart + paletteEntries * paletteEntryBytes > bytes.length) throw damaged(image, "the palette is cut off");
  // Indices beyond the palette are black.
  const palette = new Uint32Array(2 ** depth);
  for (let i = 0; i < paletteEntries; i++) palette[i] = bytes.readUIntLE(tableStart + i * paletteEntryBytes, 3);
  const mask = 2 ** depth - 1;
  return (row, x) => {
    const bit = x * depth;
    return palette[((bytes[row + (bit >>> 3)] ?? 0) >>> (8 - depth - (bit & 7))) & mask] ?? 0;
  };
}

function directReader(image: string, bytes: Buffer, { depth, compression, tableStart }: Header): ColourReader {
  const pixelBytes = depth / 8;
  if (depth === 24 || (depth === 32 && compression === uncompressed)) {
    return (row, x) => bytes.readUIntLE(row + x * pixelBytes, 3);
  }
  const [red, green, blue] = channelMasks(image, bytes, { depth, compression, tableStart }).map(channelReader);
  if (red === undefined || green === undefined || blue === undefined) throw damaged(image, "the masks are cut off");
  return (row, x) => {
    const pixel = bytes.readUIntLE(row + x * pixelBytes, pixelBytes);
    return red(pixel) * 65536 + green(pixel) * 256 + blue(pixel);
  };
}

function channelMasks(
  image: string,
  bytes: Buffer,
  { compression, tableStart }: Pick<Header, "depth" | "compression" | "tableStart">,
): number[] {
  // Without masks, 16 bits are 5 for each channel.
  if (compression === uncompressed) return [0x7c00, 0x03e0, 0x001f];
  // Right after the first 40 bytes of the header: behind it in its first version, inside it in later ones.
  const start = Math.min(tableStart, fileHeaderBytes + infoHeaderBytes);
  if (start + 12 > bytes.length) throw damaged(image, "the masks are cut off");
  return [0, 4, 8].map((at) => bytes.readUInt32LE(start + at));
}

/** The channel under a mask, brought to 8 bits. */
function channelReader(mask: number): (pixel: number) => number {
  if (mask === 0) return () => 0;
  const shift = 31 - Math.clz32(mask & -mask);
  const most = mask >>> shift;
  return (pixel) => Math.min(Math.round((((pixel & mask) >>> shift) * 255) / most), 255);
}

function damaged(image: string, reason: string): FailureError {
  return new FailureError({ code: "image-damaged", image, reason });
}

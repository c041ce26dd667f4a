/** Which format bytes are in, by what they begin with. File names are not asked: extensions lie. */

/** Formats that are decoded. SVG is told by `isSvg`. */
export type RasterFormat = "png" | "jpeg" | "webp" | "gif" | "avif" | "tiff" | "bmp";

const signatures: readonly (readonly [RasterFormat, (bytes: Buffer) => boolean])[] = [
  ["png", (bytes) => begins(bytes, "\x89PNG\r\n\x1a\n")],
  ["jpeg", (bytes) => begins(bytes, "\xff\xd8\xff")],
  ["webp", (bytes) => begins(bytes, "RIFF") && begins(bytes, "WEBP", 8)],
  ["gif", (bytes) => begins(bytes, "GIF87a") || begins(bytes, "GIF89a")],
  ["avif", (bytes) => begins(bytes, "ftyp", 4) && ["avif", "avis"].some((brand) => brands(bytes).includes(brand))],
  ["tiff", (bytes) => ["II*\0", "MM\0*", "II+\0", "MM\0+"].some((start) => begins(bytes, start))],
  ["bmp", (bytes) => begins(bytes, "BM")],
];

/** Others, so that people hear what it is that cannot be read. */
const others: readonly (readonly [string, (bytes: Buffer) => boolean])[] = [
  ["HEIC", (bytes) => begins(bytes, "ftyp", 4) && /hei[cxms]|hev[cxms]|mif1|msf1/.test(brands(bytes))],
  ["video", (bytes) => begins(bytes, "ftyp", 4) || begins(bytes, "\x1aE\xdf\xa3")],
  ["PDF", (bytes) => begins(bytes, "%PDF-")],
  ["JPEG XL", (bytes) => begins(bytes, "\xff\x0a") || begins(bytes, "JXL ", 4)],
  ["JPEG 2000", (bytes) => begins(bytes, "jP  ", 4)],
  ["icon", (bytes) => begins(bytes, "\0\0\x01\0")],
  ["Photoshop", (bytes) => begins(bytes, "8BPS")],
  ["zip archive", (bytes) => begins(bytes, "PK\x03\x04")],
  ["program", (bytes) => begins(bytes, "MZ") || begins(bytes, "\x7fELF")],
  ["web page", (bytes) => /^\s*<(?:!doctype html|html)/i.test(bytes.toString("latin1", 0, 200))],
];

export function rasterFormatOf(bytes: Buffer): RasterFormat | undefined {
  return signatures.find(([, matches]) => matches(bytes))?.[0];
}

/** What people call content that is none of the formats decoded. */
export function nameOfUnsupported(bytes: Buffer): string {
  const known = others.find(([, matches]) => matches(bytes))?.[0];
  if (known !== undefined) return known;
  const start = bytes.subarray(0, 512);
  const text = !start.includes(0) && !start.toString("utf8").slice(0, -1).includes("\uFFFD");
  return text ? "text" : `bytes ${bytes.toString("hex", 0, 4)}`;
}

function begins(bytes: Buffer, text: string, at = 0): boolean {
  return bytes.toString("latin1", at, at + text.length) === text;
}

/** The brands of an ISO base media file: the major one, and the compatible ones. */
function brands(bytes: Buffer): string {
  if (bytes.length < 16) return "";
  const boxBytes = Math.min(bytes.readUInt32BE(0), 256);
  return `${bytes.toString("latin1", 8, 12)} ${bytes.toString("latin1", 16, boxBytes)}`;
}

/**
 * Windows icons (.ico) of PNG pictures, as browsers and Windows since Vista read them.
 *
 * Source: Microsoft, "Icons" (ICONDIR, ICONDIRENTRY): six bytes of header, sixteen for each picture, then the pictures.
 */

export interface IconEntry {
  /** Width and height in pixels, 1 to 256. */
  readonly side: number;
  /** A square PNG file of that side, with 8 bits for each of red, green, blue and alpha. */
  readonly png: Uint8Array;
}

export const largestIconSide = 256;

const headerBytes = 6;
const entryBytes = 16;

export function writeIcon(entries: readonly IconEntry[]): Buffer {
  const directory = Buffer.alloc(headerBytes + entryBytes * entries.length);
  directory.writeUInt16LE(1, 2);
  directory.writeUInt16LE(entries.length, 4);
  let offset = directory.length;
  entries.forEach(({ side, png }, index) => {
    const at = headerBytes + entryBytes * index;
    // A side of 256 does not fit a byte and is written as 0.
    directory.writeUInt8(side % 256, at);
    directory.writeUInt8(side % 256, at + 1);
    directory.writeUInt16LE(1, at + 4);
    directory.writeUInt16LE(32, at + 6);
    directory.writeUInt32LE(png.length, at + 8);
    directory.writeUInt32LE(offset, at + 12);
    offset += png.length;
  });
  return Buffer.concat([directory, ...entries.map(({ png }) => png)]);
}

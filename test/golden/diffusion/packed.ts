/**
 * Safetensors files of golden values, packed for the repository: bytes of equal place side by side (signs and exponents
 * repeat, fractions do not), then brotli.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { brotliCompressSync, brotliDecompressSync, constants } from "node:zlib";

/** @param stride bytes of one element */
export function pack(file: Buffer, stride: number): Buffer {
  const header = headerBytes(file);
  const data = file.subarray(header);
  const planes = Buffer.alloc(data.length);
  const rows = Math.ceil(data.length / stride);
  let at = 0;
  for (let place = 0; place < stride; place++) {
    for (let row = 0; row < rows; row++) {
      const byte = data[row * stride + place];
      if (byte !== undefined) planes[at++] = byte;
    }
  }
  const params = { [constants.BROTLI_PARAM_LGWIN]: 24, [constants.BROTLI_PARAM_QUALITY]: 9 };
  return brotliCompressSync(Buffer.concat([Buffer.of(stride), file.subarray(0, header), planes]), { params });
}

export function unpack(packed: Buffer): Buffer {
  const whole = brotliDecompressSync(packed);
  const stride = whole[0] ?? 1;
  const file = Buffer.from(whole.subarray(1));
  const header = headerBytes(file);
  const planes = whole.subarray(1 + header);
  const rows = Math.ceil(planes.length / stride);
  let at = 0;
  for (let place = 0; place < stride; place++) {
    for (let row = 0; row < rows && header + row * stride + place < file.length; row++) {
      file[header + row * stride + place] = planes[at++] ?? 0;
    }
  }
  return file;
}

const headerBytes = (file: Buffer): number => 8 + Number(file.readBigUInt64LE());

/** Unpacks `<from>.br` to `to`. */
export async function unpackFile(from: string, to: string): Promise<void> {
  await mkdir(path.dirname(to), { recursive: true });
  await writeFile(to, unpack(await readFile(from)));
}

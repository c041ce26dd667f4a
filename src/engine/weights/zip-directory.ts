/**
 * The directory of a zip archive whose entries are stored uncompressed, as PyTorch writes them.
 *
 * Source: PKWARE APPNOTE 6.3, sections 4.3 and 4.5.3 (ZIP64). Only positions are read: entries are data within the
 * archive, so a tensor can be read straight from it.
 */
import type { FileHandle } from "node:fs/promises";

export interface ZipEntry {
  readonly name: string;
  /** First byte of the data in the archive. */
  readonly offset: number;
  readonly byteLength: number;
}

/** What is wrong with an archive. */
export class ZipError extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = "ZipError";
  }
}

const endSignature = 0x06054b50;
const end64LocatorSignature = 0x07064b50;
const end64Signature = 0x06064b50;
const directorySignature = 0x02014b50;
const localSignature = 0x04034b50;
const endBytes = 22;
const longestComment = 65_535;
/** A million tensors with long names. */
const directoryLimit = 512 * 2 ** 20;

/** @throws ZipError */
export async function readZipDirectory(handle: FileHandle, fileBytes: number): Promise<readonly ZipEntry[]> {
  const { offset, byteLength, count } = await findDirectory(handle, fileBytes);
  if (byteLength > directoryLimit || offset + byteLength > fileBytes)
    throw new ZipError("its directory is out of range");
  const directory = await readAt(handle, offset, byteLength);
  const entries: ZipEntry[] = [];
  for (let position = 0; entries.length < count;) {
    if (position + 46 > directory.length || directory.readUInt32LE(position) !== directorySignature) {
      throw new ZipError("its directory is damaged");
    }
    const nameLength = directory.readUInt16LE(position + 28);
    const extraLength = directory.readUInt16LE(position + 30);
    const commentLength = directory.readUInt16LE(position + 32);
    const name = directory.toString("utf8", position + 46, position + 46 + nameLength);
    const extra = directory.subarray(position + 46 + nameLength, position + 46 + nameLength + extraLength);
    const sizes = entrySizes(directory, position, extra);
    if (directory.readUInt16LE(position + 10) !== 0) throw new ZipError(`${name} is compressed`);
    if (sizes.header + 30 > fileBytes) throw new ZipError(`${name} lies outside the file`);
    const local = await readAt(handle, sizes.header, 30);
    if (local.readUInt32LE(0) !== localSignature) throw new ZipError(`${name} has no header`);
    const start = sizes.header + 30 + local.readUInt16LE(26) + local.readUInt16LE(28);
    if (start + sizes.bytes > fileBytes) throw new ZipError(`${name} lies outside the file`);
    entries.push({ name, offset: start, byteLength: sizes.bytes });
    position += 46 + nameLength + extraLength + commentLength;
  }
  return entries;
}

async function findDirectory(
  handle: FileHandle,
  fileBytes: number,
): Promise<{ offset: number; byteLength: number; count: number }> {
  const tailLength = Math.min(fileBytes, endBytes + longestComment + 20);
  const tail = await readAt(handle, fileBytes - tailLength, tailLength);
  let end = tail.length - endBytes;
  while (end >= 0 && tail.readUInt32LE(end) !== endSignature) end--;
  if (end < 0) throw new ZipError("it is no zip archive (older PyTorch files are not supported)");
  const plain = {
    count: tail.readUInt16LE(end + 10),
    byteLength: tail.readUInt32LE(end + 12),
    offset: tail.readUInt32LE(end + 16),
  };
  if (plain.count !== 0xffff && plain.byteLength !== 0xffffffff && plain.offset !== 0xffffffff) return plain;
  if (end < 20 || tail.readUInt32LE(end - 20) !== end64LocatorSignature) throw new ZipError("its directory is damaged");
  const record = await readAt(handle, safeNumber(tail.readBigUInt64LE(end - 12)), 56);
  if (record.readUInt32LE(0) !== end64Signature) throw new ZipError("its directory is damaged");
  return {
    count: safeNumber(record.readBigUInt64LE(32)),
    byteLength: safeNumber(record.readBigUInt64LE(40)),
    offset: safeNumber(record.readBigUInt64LE(48)),
  };
}

function entrySizes(directory: Buffer, position: number, extra: Buffer): { bytes: number; header: number } {
  let compressed = directory.readUInt32LE(position + 20);
  const uncompressed = directory.readUInt32LE(position + 24);
  let header = directory.readUInt32LE(position + 42);
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    if (extra.readUInt16LE(at) !== 1) continue;
    const values = extra.subarray(at + 4, at + 4 + extra.readUInt16LE(at + 2));
    let next = 0;
    const take = (): number => {
      if (next + 8 > values.length) throw new ZipError("its directory is damaged");
      next += 8;
      return safeNumber(values.readBigUInt64LE(next - 8));
    };
    if (uncompressed === 0xffffffff) take();
    if (compressed === 0xffffffff) compressed = take();
    if (header === 0xffffffff) header = take();
  }
  return { bytes: compressed, header };
}

function safeNumber(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new ZipError("a size is out of range");
  return Number(value);
}

export async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await handle.read(buffer, 0, length, position);
  if (bytesRead !== length) throw new ZipError("it ends early");
  return buffer;
}

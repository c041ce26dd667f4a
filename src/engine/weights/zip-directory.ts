/**
 * The directory of a zip archive whose entries are stored uncompressed, as PyTorch writes them.
 *
 * Only positions are read: entries are data within the archive, so a tensor can be read straight from it, and nothing
 * is ever unpacked.
 * Source: PKWARE APPNOTE 6.3, sections 4.3 and 4.5.3 (ZIP64).
 */
import type { InputFile } from "./input-file";

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

const signature = {
  end: 0x06054b50,
  end64Locator: 0x07064b50,
  end64: 0x06064b50,
  directory: 0x02014b50,
  local: 0x04034b50,
} as const;

const endBytes = 22;
const end64LocatorBytes = 20;
const end64Bytes = 56;
const directoryEntryBytes = 46;
const localBytes = 30;
const longestComment = 65_535;
/** Stands for a value that lies in the ZIP64 extra field. */
const in64 = 0xffffffff;

/** A hundred times what any published file holds; each entry costs a read. */
const entryLimit = 100_000;
const directoryLimit = 32 * 2 ** 20;

/** @throws ZipError, FailureError `file-unreadable`. */
export async function readZipDirectory(file: InputFile): Promise<ReadonlyMap<string, ZipEntry>> {
  const { offset, byteLength, count } = await findDirectory(file);
  if (count > entryLimit || byteLength > directoryLimit) throw new ZipError(`its directory has ${count} entries`);
  const directory = await readWithin(file, offset, byteLength, "its directory");
  const entries = new Map<string, ZipEntry>();
  for (let position = 0, index = 0; index < count; index++) {
    const listed = readListed(directory, position);
    if (entries.has(listed.name)) throw new ZipError(`${listed.name} comes twice`);
    entries.set(listed.name, await locate(file, listed));
    position += listed.listedBytes;
  }
  return entries;
}

interface Listed {
  readonly name: string;
  readonly byteLength: number;
  readonly header: number;
  /** What the entry takes in the directory. */
  readonly listedBytes: number;
}

function readListed(directory: Buffer, position: number): Listed {
  const fixed = directory.subarray(position, position + directoryEntryBytes);
  if (fixed.length < directoryEntryBytes || fixed.readUInt32LE(0) !== signature.directory) throw damaged();
  const nameEnd = position + directoryEntryBytes + fixed.readUInt16LE(28);
  const extraEnd = nameEnd + fixed.readUInt16LE(30);
  const end = extraEnd + fixed.readUInt16LE(32);
  if (end > directory.length) throw damaged();
  const name = directory.toString("utf8", position + directoryEntryBytes, nameEnd);
  if ((fixed.readUInt16LE(8) & 1) !== 0) throw new ZipError(`${name} is encrypted`);
  if (fixed.readUInt16LE(10) !== 0) throw new ZipError(`${name} is compressed`);
  const compressed = fixed.readUInt32LE(20);
  const uncompressed = fixed.readUInt32LE(24);
  const header = fixed.readUInt32LE(42);
  const wide = new WideValues(directory.subarray(nameEnd, extraEnd));
  // The order is that of the format, and values that are not wide are left out.
  const byteLength = uncompressed === in64 ? wide.take() : uncompressed;
  const stored = compressed === in64 ? wide.take() : compressed;
  if (stored !== byteLength) throw new ZipError(`${name} is compressed`);
  return { name, byteLength, header: header === in64 ? wide.take() : header, listedBytes: end - position };
}

async function locate(file: InputFile, { name, byteLength, header }: Listed): Promise<ZipEntry> {
  const local = await readWithin(file, header, localBytes, name);
  if (local.readUInt32LE(0) !== signature.local) throw new ZipError(`${name} is not where the directory says`);
  const offset = header + localBytes + local.readUInt16LE(26) + local.readUInt16LE(28);
  if (offset + byteLength > file.byteLength) throw new ZipError(`${name} lies outside the file`);
  return { name, offset, byteLength };
}

async function findDirectory(file: InputFile): Promise<{ offset: number; byteLength: number; count: number }> {
  const tailLength = Math.min(file.byteLength, endBytes + longestComment + end64LocatorBytes);
  const tail = await file.read(file.byteLength - tailLength, tailLength);
  let end = tail.length - endBytes;
  while (end >= 0 && tail.readUInt32LE(end) !== signature.end) end--;
  if (end < 0) throw new ZipError("its directory is missing: the file is cut off, or no zip archive");
  const plain = {
    count: tail.readUInt16LE(end + 10),
    byteLength: tail.readUInt32LE(end + 12),
    offset: tail.readUInt32LE(end + 16),
  };
  if (plain.count !== 0xffff && plain.byteLength !== in64 && plain.offset !== in64) return plain;
  const locator = end - end64LocatorBytes;
  if (locator < 0 || tail.readUInt32LE(locator) !== signature.end64Locator) throw damaged();
  const record = await readWithin(file, safeNumber(tail.readBigUInt64LE(locator + 8)), end64Bytes, "its directory");
  if (record.readUInt32LE(0) !== signature.end64) throw damaged();
  return {
    count: safeNumber(record.readBigUInt64LE(32)),
    byteLength: safeNumber(record.readBigUInt64LE(40)),
    offset: safeNumber(record.readBigUInt64LE(48)),
  };
}

/** The 64-bit values of an entry, taken one after another. */
class WideValues {
  #values: Buffer;

  constructor(extra: Buffer) {
    this.#values = Buffer.alloc(0);
    for (let at = 0; at + 4 <= extra.length;) {
      const end = at + 4 + extra.readUInt16LE(at + 2);
      if (extra.readUInt16LE(at) === 1) this.#values = extra.subarray(at + 4, end);
      at = end;
    }
  }

  take(): number {
    if (this.#values.length < 8) throw damaged();
    const value = safeNumber(this.#values.readBigUInt64LE());
    this.#values = this.#values.subarray(8);
    return value;
  }
}

async function readWithin(file: InputFile, position: number, byteLength: number, what: string): Promise<Buffer> {
  if (position + byteLength > file.byteLength) throw new ZipError(`${what} lies outside the file`);
  return file.read(position, byteLength);
}

function safeNumber(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new ZipError("a size is out of range");
  return Number(value);
}

const damaged = (): ZipError => new ZipError("its directory is damaged");

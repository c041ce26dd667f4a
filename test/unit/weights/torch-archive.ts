/** Pickles and archives written by hand, for what no honest program would write. */

const u8 = (value: number): Buffer => Buffer.from([value]);
const u16 = (value: number): Buffer => {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
};
const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};
const u64 = (value: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
};

/** Opcodes with their arguments, as PyTorch writes them. */
export const op = {
  proto: Buffer.from([0x80, 2]),
  stop: Buffer.from("."),
  mark: Buffer.from("("),
  emptyDict: Buffer.from("}"),
  emptyTuple: Buffer.from(")"),
  emptyList: Buffer.from("]"),
  tuple: Buffer.from("t"),
  reduce: Buffer.from("R"),
  setItem: Buffer.from("s"),
  setItems: Buffer.from("u"),
  persistentId: Buffer.from("Q"),
  false: Buffer.from([0x89]),
  global: (module: string, name: string): Buffer => Buffer.from(`c${module}\n${name}\n`),
  text: (text: string): Buffer => {
    const bytes = Buffer.from(text);
    return Buffer.concat([Buffer.from("X"), u32(bytes.length), bytes]);
  },
  int: (value: number): Buffer => {
    const bytes = Buffer.alloc(10);
    bytes.set([0x8a, 8]);
    bytes.writeBigInt64LE(BigInt(value), 2);
    return bytes;
  },
  put: (key: number): Buffer => Buffer.concat([Buffer.from("r"), u32(key)]),
  get: (key: number): Buffer => Buffer.concat([Buffer.from("j"), u32(key)]),
};

const counts = (values: readonly number[]): Buffer => Buffer.concat([op.mark, ...values.map(op.int), op.tuple]);

export interface TensorParts {
  readonly storageType?: string;
  readonly storage?: string;
  readonly storageElements?: number;
  readonly offset?: number;
  readonly dims?: readonly number[];
  readonly strides?: readonly number[];
}

/** The call that rebuilds a tensor; [4] float32 in storage "0" unless told otherwise. */
export function tensorPickle({
  storageType = "FloatStorage",
  storage = "0",
  storageElements = 4,
  offset = 0,
  dims = [4],
  strides = [1],
}: TensorParts = {}): Buffer {
  return Buffer.concat([
    op.global("torch._utils", "_rebuild_tensor_v2"),
    op.mark,
    op.mark,
    op.text("storage"),
    op.global("torch", storageType),
    op.text(storage),
    op.text("cpu"),
    op.int(storageElements),
    op.tuple,
    op.persistentId,
    op.int(offset),
    counts(dims),
    counts(strides),
    op.false,
    op.global("collections", "OrderedDict"),
    op.emptyTuple,
    op.reduce,
    op.tuple,
    op.reduce,
  ]);
}

/** A whole pickle: a dictionary of pickled values. */
export function dictionaryPickle(entries: readonly (readonly [string, Buffer])[]): Buffer {
  const items = entries.flatMap(([name, value]) => [op.text(name), value]);
  return Buffer.concat([op.proto, op.emptyDict, op.mark, ...items, op.setItems, op.stop]);
}

export interface ArchiveEntry {
  readonly name: string;
  readonly data: Buffer;
  readonly method?: number;
  readonly flags?: number;
  /** In place of the true values, in the directory. */
  readonly size?: number;
  readonly uncompressed?: number;
  readonly header?: number;
}

export interface ArchiveOptions {
  /** Write 64-bit sizes and offsets into extra fields, and a 64-bit end record. */
  readonly wide?: boolean;
  readonly comment?: string;
  /** In place of the true number of entries. */
  readonly count?: number;
}

/** A zip archive of stored entries. */
export function zipBytes(
  entries: readonly ArchiveEntry[],
  { wide = false, comment = "", count }: ArchiveOptions = {},
): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let position = 0;
  const push = (bytes: Buffer): void => {
    parts.push(bytes);
    position += bytes.length;
  };
  for (const {
    name,
    data,
    method = 0,
    flags = 0,
    size = data.length,
    uncompressed = size,
    header = position,
  } of entries) {
    const nameBytes = Buffer.from(name);
    const fixed = Buffer.concat([u16(20), u16(flags), u16(method), u32(0), u32(0)]);
    const sizes = Buffer.concat([u32(wide ? 0xffffffff : size), u32(wide ? 0xffffffff : uncompressed)]);
    const extra = wide
      ? Buffer.concat([u16(0x7777), u16(1), u8(0), u16(1), u16(24), u64(uncompressed), u64(size), u64(header)])
      : Buffer.alloc(0);
    directory.push(
      Buffer.concat([
        u32(0x02014b50),
        u16(20),
        fixed,
        sizes,
        u16(nameBytes.length),
        u16(extra.length),
        u16(0),
        u16(0),
        u16(0),
        u32(0),
        u32(wide ? 0xffffffff : header),
        nameBytes,
        extra,
      ]),
    );
    const padding = Buffer.alloc(7);
    push(
      Buffer.concat([u32(0x04034b50), fixed, sizes, u16(nameBytes.length), u16(padding.length), nameBytes, padding]),
    );
    push(data);
  }
  const offset = position;
  const listed = Buffer.concat(directory);
  const entryCount = count ?? entries.length;
  push(listed);
  if (wide) {
    const record = position;
    push(
      Buffer.concat([
        u32(0x06064b50),
        u64(44),
        u16(45),
        u16(45),
        u32(0),
        u32(0),
        u64(entryCount),
        u64(entryCount),
        u64(listed.length),
        u64(offset),
      ]),
    );
    push(Buffer.concat([u32(0x07064b50), u32(0), u64(record), u32(1)]));
  }
  const plain = wide
    ? [u16(0xffff), u16(0xffff), u32(0xffffffff), u32(0xffffffff)]
    : [u16(entryCount), u16(entryCount), u32(listed.length), u32(offset)];
  push(Buffer.concat([u32(0x06054b50), u16(0), u16(0), ...plain, u16(comment.length), Buffer.from(comment)]));
  return Buffer.concat(parts);
}

/** The entries of a PyTorch file: the pickle, and storages by name. */
export function torchEntries(
  pickle: Buffer,
  storages: Readonly<Record<string, Buffer>> = { "0": Buffer.alloc(16) },
): ArchiveEntry[] {
  return [
    { name: "archive/data.pkl", data: pickle },
    { name: "archive/byteorder", data: Buffer.from("little") },
    ...Object.entries(storages).map(([name, data]) => ({ name: `archive/data/${name}`, data })),
  ];
}

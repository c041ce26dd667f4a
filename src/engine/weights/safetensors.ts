/**
 * The safetensors format: a length, a JSON header, the data.
 *
 * Everything in the header is checked against the file before any of it is believed, by the rules of the format: no
 * name twice, no byte of the data in two tensors or in none.
 * Source: huggingface/safetensors, README "Format", safetensors/src/tensor.rs `Metadata::validate`.
 */
import { FailureError } from "../../shared/failure";
import { describeStart, InputFile } from "./input-file";
import { DuplicateMemberError, JsonError, JsonReader } from "./json-reader";
import { type Checkpoint, storedBytes, type StoredTensor, type StoredType } from "./tensor";

/** Largest header, as the format's own readers have it. */
const headerLimit = 100_000_000;
/** More axes than any published tensor has. */
const rankLimit = 32;

const types: ReadonlyMap<string, StoredType> = new Map([
  ["F32", "float32"],
  ["F16", "float16"],
  ["BF16", "bfloat16"],
  ["F64", "float64"],
  ["I64", "int64"],
  ["I32", "int32"],
  ["I16", "int16"],
  ["I8", "int8"],
  ["U8", "uint8"],
  ["BOOL", "bool"],
]);

/**
 * @throws FailureError `file-missing`, `file-unreadable`, `weights-header`, `weight-duplicate`, `weight-dtype`,
 *   `weight-range`, `weight-overlap`.
 */
export async function openSafetensors(path: string): Promise<Checkpoint> {
  const file = await InputFile.open(path);
  try {
    const tensors = await readTensors(file);
    return { location: path, names: [...tensors.keys()], get: (name) => tensors.get(name) };
  } finally {
    await file.close();
  }
}

/** Whatever has the bytes of a file: the file itself, or a server. */
export interface ByteSource {
  /** What failures name, and the tensors as their file. */
  readonly path: string;
  readonly byteLength: number;
  read(position: number, byteLength: number): Promise<Buffer>;
}

/** The tensors of a file, from its header alone. @throws FailureError as `openSafetensors`. */
export async function readTensors(file: ByteSource): Promise<ReadonlyMap<string, StoredTensor>> {
  const { path, byteLength: fileBytes } = file;
  const header = await readHeader(file);
  const tensors = parseHeader({ path, fileBytes, dataStart: 8 + header.length }, header);
  refuseHoles(path, tensors, 8 + header.length, fileBytes);
  return tensors;
}

async function readHeader(file: ByteSource): Promise<Buffer> {
  const { path, byteLength } = file;
  const refuse = (reason: string): FailureError => new FailureError({ code: "weights-header", file: path, reason });
  if (byteLength < 8) throw refuse(`the file has only ${byteLength} bytes`);
  const start = await file.read(0, Math.min(64, byteLength));
  const length = start.readBigUInt64LE();
  if (length > BigInt(Math.min(headerLimit, byteLength - 8))) {
    throw refuse(describeStart(start) ?? `a header of ${String(length)} bytes in a file of ${byteLength}`);
  }
  return file.read(8, Number(length));
}

interface Source {
  readonly path: string;
  readonly fileBytes: number;
  readonly dataStart: number;
}

function parseHeader(source: Source, header: Buffer): Map<string, StoredTensor> {
  const { path: file } = source;
  const reader = new JsonReader(header);
  const tensors = new Map<string, StoredTensor>();
  try {
    reader.object((name) => {
      if (name === "__metadata__") reader.skip();
      else tensors.set(name, readEntry(source, name, reader));
    });
    reader.end();
  } catch (thrown) {
    if (thrown instanceof DuplicateMemberError && tensors.has(thrown.member)) {
      const { member: tensor } = thrown;
      throw new FailureError({ code: "weight-duplicate", tensor, file, other: file }, { cause: thrown });
    }
    if (thrown instanceof JsonError || thrown instanceof DuplicateMemberError) {
      throw new FailureError({ code: "weights-header", file, reason: thrown.message }, { cause: thrown });
    }
    throw thrown;
  }
  return tensors;
}

function readEntry({ path: file, fileBytes, dataStart }: Source, name: string, reader: JsonReader): StoredTensor {
  let dtype: string | undefined;
  let dims: number[] | undefined;
  let offsets: number[] | undefined;
  const counts = (limit: number): number[] => {
    const values: number[] = [];
    reader.array(() => {
      if (values.length === limit) throw malformed(file, name);
      values.push(reader.count());
    });
    return values;
  };
  reader.object((field) => {
    if (field === "dtype") dtype = reader.text();
    else if (field === "shape") dims = counts(rankLimit);
    else if (field === "data_offsets") offsets = counts(2);
    else reader.skip();
  });
  const [begin, end] = offsets ?? [];
  if (dtype === undefined || dims === undefined || begin === undefined || end === undefined) {
    throw malformed(file, name);
  }
  const type = types.get(dtype);
  if (type === undefined) throw new FailureError({ code: "weight-dtype", tensor: name, file, found: dtype });
  const byteLength = dims.reduce((n, size) => n * size, 1) * storedBytes[type];
  if (end - begin !== byteLength || dataStart + end > fileBytes) {
    throw new FailureError({ code: "weight-range", tensor: name, file, begin, end, fileBytes });
  }
  return { name, file, offset: dataStart + begin, byteLength, type, dims };
}

const malformed = (file: string, name: string): FailureError =>
  new FailureError({ code: "weights-header", file, reason: `the entry of ${name} is malformed` });

/** The tensors must cover the data exactly. @throws FailureError `weight-overlap`, `weights-header`. */
function refuseHoles(
  file: string,
  tensors: ReadonlyMap<string, StoredTensor>,
  dataStart: number,
  fileBytes: number,
): void {
  const byOffset = [...tensors.values()].filter(({ byteLength }) => byteLength > 0).sort((a, b) => a.offset - b.offset);
  let end = dataStart;
  let last = "";
  for (const { name, offset, byteLength } of byOffset) {
    if (offset < end) throw new FailureError({ code: "weight-overlap", tensor: last, other: name, file });
    if (offset > end) throw unclaimed(file, offset - end, `before ${name}`);
    end = offset + byteLength;
    last = name;
  }
  if (end < fileBytes) throw unclaimed(file, fileBytes - end, "at the end");
}

const unclaimed = (file: string, bytes: number, where: string): FailureError =>
  new FailureError({ code: "weights-header", file, reason: `${bytes} bytes ${where} belong to no tensor` });

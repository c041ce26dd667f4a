/**
 * PyTorch's own format: a zip archive with a pickle that describes the tensors and one entry for each storage.
 *
 * Nothing in the pickle is executed (`pickle.ts`).
 * Source: torch/serialization.py (`_save`, `_load`, `_legacy_save`).
 */
import { FailureError } from "../../shared/failure";
import { describeStart, InputFile } from "./input-file";
import { isKind, type PickledTensor, type PickledValue, PickleRefusedError, readPickle } from "./pickle";
import { type Checkpoint, storedBytes, type StoredTensor } from "./tensor";
import { readZipDirectory, type ZipEntry, ZipError } from "./zip-directory";

/** Some hundred thousand described tensors. */
const pickleLimit = 64 * 2 ** 20;
/** "little" or "big" */
const byteOrderLimit = 16;

/** @throws FailureError `file-missing`, `file-unreadable`, `weights-header`, `pickle-refused`, `weight-range`. */
export async function openTorchFile(path: string): Promise<Checkpoint> {
  const file = await InputFile.open(path);
  try {
    return await readTensors(file);
  } catch (thrown) {
    if (thrown instanceof PickleRefusedError) {
      throw new FailureError({ code: "pickle-refused", file: path, found: thrown.found }, { cause: thrown });
    }
    if (thrown instanceof ZipError) {
      throw new FailureError({ code: "weights-header", file: path, reason: thrown.message }, { cause: thrown });
    }
    throw thrown;
  } finally {
    await file.close();
  }
}

async function readTensors(file: InputFile): Promise<Checkpoint> {
  const { path, byteLength: fileBytes } = file;
  const start = await file.read(0, Math.min(64, fileBytes));
  if (!start.subarray(0, 2).equals(Buffer.from("PK"))) throw new ZipError(describeOther(start));
  const entries = await readZipDirectory(file);
  const description = [...entries.values()].find(({ name }) => name.endsWith("/data.pkl"));
  if (description === undefined) throw new ZipError("it has no data.pkl");
  const root = description.name.slice(0, -"data.pkl".length);
  const order = entries.get(`${root}byteorder`);
  if (order !== undefined && (await readEntry(file, order, byteOrderLimit)).toString() !== "little") {
    throw new ZipError("its numbers are not little-endian");
  }
  const value = readPickle(await readEntry(file, description, pickleLimit));
  const tensors = new Map<string, StoredTensor>();
  for (const [name, tensor] of dictionaryOfTensors(value)) {
    tensors.set(name, locate(path, name, tensor, entries.get(`${root}data/${tensor.storage}`), fileBytes));
  }
  return { location: path, names: [...tensors.keys()], get: (name) => tensors.get(name) };
}

function readEntry(file: InputFile, { name, offset, byteLength }: ZipEntry, limit: number): Promise<Buffer> {
  if (byteLength > limit) throw new ZipError(`${name} has ${byteLength} bytes`);
  return file.read(offset, byteLength);
}

function describeOther(start: Buffer): string {
  if (start.length === 0) return "the file is empty";
  // The older format begins with a pickled number of its own.
  if (start[0] === 0x80) return "it is in the format of PyTorch before 1.6: load and save it with a newer one";
  return describeStart(start) ?? "it is not a file of PyTorch";
}

/** Tensors at the top level, or under `state_dict` as training frameworks save them. */
function dictionaryOfTensors(value: PickledValue): readonly (readonly [string, PickledTensor])[] {
  const inner = isKind(value, "dictionary") ? (value.entries.get("state_dict") ?? value) : value;
  if (!isKind(inner, "dictionary")) throw new ZipError("it holds no dictionary of tensors");
  return [...inner.entries].flatMap(([name, entry]) => (isKind(entry, "tensor") ? [[name, entry] as const] : []));
}

function locate(
  file: string,
  name: string,
  { type, offset, dims, strides, storageElements }: PickledTensor,
  entry: ZipEntry | undefined,
  fileBytes: number,
): StoredTensor {
  const size = storedBytes[type];
  const byteLength = dims.reduce((n, extent) => n * extent, 1) * size;
  const begin = offset * size;
  const end = begin + byteLength;
  if (entry === undefined || storageElements * size > entry.byteLength || !(end <= storageElements * size)) {
    throw new FailureError({ code: "weight-range", tensor: name, file, begin, end, fileBytes });
  }
  if (byteLength > 0 && !isContiguous(dims, strides)) {
    throw new ZipError(`${name} is a strided view: save it with .contiguous()`);
  }
  return { name, file, offset: entry.offset + begin, byteLength, type, dims };
}

function isContiguous(dims: readonly number[], strides: readonly number[]): boolean {
  let expected = 1;
  for (const [axis, size] of [...dims.entries()].reverse()) {
    if (size > 1 && strides[axis] !== expected) return false;
    expected *= size;
  }
  return true;
}

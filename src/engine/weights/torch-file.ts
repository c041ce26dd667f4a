/**
 * PyTorch's own format: a zip archive with a pickle that describes the tensors and one entry for each storage.
 *
 * Source: torch/serialization.py (`_save`, `_load`). Nothing in the pickle is executed (`pickle.ts`).
 */
import { open, stat } from "node:fs/promises";
import { FailureError } from "../../shared/failure";
import { isKind, type PickledTensor, type PickledValue, PickleRefusedError, readPickle } from "./pickle";
import { type Checkpoint, storedBytes, type StoredTensor } from "./tensor";
import { readAt, readZipDirectory, type ZipEntry, ZipError } from "./zip-directory";

/** A million described tensors. */
const pickleLimit = 512 * 2 ** 20;

/** @throws FailureError `file-missing`, `weights-header`, `pickle-refused`, `weight-range`. */
export async function openTorchFile(file: string): Promise<Checkpoint> {
  const refuse = (reason: string): never => {
    throw new FailureError({ code: "weights-header", file, reason });
  };
  const found = await stat(file).catch(() => undefined);
  if (found === undefined) throw new FailureError({ code: "file-missing", file });
  const handle = await open(file, "r");
  try {
    const entries = await readZipDirectory(handle, found.size);
    const description = entries.find(({ name }) => name.endsWith("/data.pkl"));
    if (description === undefined) return refuse("it has no data.pkl");
    if (description.byteLength > pickleLimit) return refuse(`a description of ${description.byteLength} bytes`);
    const root = description.name.slice(0, -"data.pkl".length);
    const order = entries.find(({ name }) => name === `${root}byteorder`);
    if (order !== undefined && (await readAt(handle, order.offset, order.byteLength)).toString() !== "little") {
      return refuse("it is big-endian");
    }
    const value = readPickle(await readAt(handle, description.offset, description.byteLength));
    const storages = new Map(
      entries.flatMap((entry) =>
        entry.name.startsWith(`${root}data/`) ? [[entry.name.slice(root.length + 5), entry]] : [],
      ),
    );
    const tensors = new Map<string, StoredTensor>();
    for (const [name, tensor] of dictionaryOfTensors(file, value)) {
      tensors.set(name, locate(file, name, tensor, storages, found.size));
    }
    return { location: file, names: [...tensors.keys()], get: (name) => tensors.get(name) };
  } catch (thrown) {
    if (thrown instanceof PickleRefusedError) {
      throw new FailureError({ code: "pickle-refused", file, found: thrown.found }, { cause: thrown });
    }
    if (thrown instanceof ZipError) return refuse(thrown.message);
    throw thrown;
  } finally {
    await handle.close();
  }
}

/** Tensors at the top level, or under `state_dict` as training frameworks save them. */
function dictionaryOfTensors(file: string, value: PickledValue): readonly (readonly [string, PickledTensor])[] {
  const inner = isKind(value, "dictionary") ? (value.entries.get("state_dict") ?? value) : value;
  if (!isKind(inner, "dictionary")) {
    throw new FailureError({ code: "weights-header", file, reason: "it is no dictionary of tensors" });
  }
  return [...inner.entries].flatMap(([name, entry]) => (isKind(entry, "tensor") ? [[name, entry] as const] : []));
}

function locate(
  file: string,
  name: string,
  { storage, type, offset, dims, strides }: PickledTensor,
  storages: ReadonlyMap<string, ZipEntry>,
  fileBytes: number,
): StoredTensor {
  const entry = storages.get(storage);
  const elements = dims.reduce((n, size) => n * size, 1);
  const byteLength = elements * storedBytes[type];
  const begin = offset * storedBytes[type];
  if (entry === undefined || begin + byteLength > entry.byteLength) {
    throw new FailureError({ code: "weight-range", tensor: name, file, begin, end: begin + byteLength, fileBytes });
  }
  let expected = 1;
  for (const [axis, size] of [...dims.entries()].reverse()) {
    if (size > 1 && strides[axis] !== expected) {
      throw new FailureError({
        code: "weights-header",
        file,
        reason: `${name} is a strided view, which is not supported`,
      });
    }
    expected *= size;
  }
  return { name, file, offset: entry.offset + begin, byteLength, type, dims };
}

/** A checkpoint folder as published: one file of tensors, or shards under an index. */
import { readFile, stat } from "node:fs/promises";
import path from "node:path";
import { FailureError } from "../../shared/failure";
import { openSafetensors } from "./safetensors";
import type { Checkpoint, StoredTensor } from "./tensor";
import { openTorchFile } from "./torch-file";

const indexLimit = 256 * 2 ** 20;

/** Best first: safetensors are preferred to pickles. */
const layouts = [
  { single: "model.safetensors", index: "model.safetensors.index.json" },
  { single: "pytorch_model.bin", index: "pytorch_model.bin.index.json" },
] as const;

/**
 * @throws FailureError `model-folder-missing`, `file-missing` where the folder holds no weights, `weights-header`,
 *   `index-outside-folder`, `weight-missing`, `weight-duplicate`, and what the files themselves throw.
 */
export async function openCheckpoint(folder: string): Promise<Checkpoint> {
  if (!(await isFolder(folder))) throw new FailureError({ code: "model-folder-missing", folder });
  for (const { single, index } of layouts) {
    const indexFile = path.join(folder, index);
    if (await exists(indexFile)) return openSharded(folder, indexFile);
    const file = path.join(folder, single);
    if (await exists(file)) return openWeightFile(file);
  }
  throw new FailureError({ code: "file-missing", file: path.join(folder, layouts[0].single) });
}

/** One file of tensors, read by its format. */
export function openWeightFile(file: string): Promise<Checkpoint> {
  return file.endsWith(".safetensors") ? openSafetensors(file) : openTorchFile(file);
}

async function openSharded(folder: string, indexFile: string): Promise<Checkpoint> {
  const placed = await readIndex(indexFile);
  const shards = new Map<string, Checkpoint>();
  for (const shard of new Set(placed.values())) {
    // A plain name in the folder itself; the file may be a link, as the hub's cache has it.
    if (path.basename(shard) !== shard || shard === ".." || shard === "." || /[\\/]/.test(shard)) {
      throw new FailureError({ code: "index-outside-folder", file: indexFile, entry: shard });
    }
    shards.set(shard, await openWeightFile(path.join(folder, shard)));
  }
  const tensors = new Map<string, StoredTensor>();
  for (const shard of shards.values()) {
    for (const name of shard.names) {
      const tensor = shard.get(name);
      const other = tensors.get(name);
      if (tensor === undefined) continue;
      if (other !== undefined) {
        throw new FailureError({ code: "weight-duplicate", tensor: name, file: tensor.file, other: other.file });
      }
      tensors.set(name, tensor);
    }
  }
  for (const [tensor, shard] of placed) {
    if (!tensors.has(tensor))
      throw new FailureError({ code: "weight-missing", tensor, file: path.join(folder, shard) });
  }
  return { location: folder, names: [...tensors.keys()], get: (name) => tensors.get(name) };
}

async function readIndex(file: string): Promise<ReadonlyMap<string, string>> {
  const { size } = await stat(file);
  if (size > indexLimit) throw new FailureError({ code: "file-too-large", file, bytes: size, limit: indexLimit });
  const refuse = (reason: string): never => {
    throw new FailureError({ code: "weights-header", file, reason });
  };
  let value: unknown;
  try {
    value = JSON.parse(await readFile(file, "utf8"));
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return refuse("it is not JSON");
    throw thrown;
  }
  const map: unknown =
    typeof value === "object" && value !== null && "weight_map" in value ? value.weight_map : undefined;
  if (typeof map !== "object" || map === null) return refuse("it has no weight_map");
  const entries = Object.entries(map);
  if (!entries.every((entry): entry is [string, string] => typeof entry[1] === "string")) {
    return refuse("its weight_map holds something that is no file name");
  }
  return new Map(entries);
}

async function exists(file: string): Promise<boolean> {
  return (await stat(file).catch(() => undefined)) !== undefined;
}

async function isFolder(folder: string): Promise<boolean> {
  return (await stat(folder).catch(() => undefined))?.isDirectory() === true;
}

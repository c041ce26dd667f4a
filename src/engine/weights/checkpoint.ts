/** A checkpoint folder as published: one file of tensors, or shards under an index. */
import { realpath, stat } from "node:fs/promises";
import path from "node:path";
import { FailureError } from "../../shared/failure";
import { locateShard, readCheckpointIndex } from "./checkpoint-index";
import { openSafetensors } from "./safetensors";
import type { Checkpoint, StoredTensor } from "./tensor";
import { openTorchFile } from "./torch-file";

/** Best first, in the order of transformers' `from_pretrained`: safetensors are preferred to pickles. */
const layouts = [
  { name: "model.safetensors", open: openWeightFile },
  { name: "model.safetensors.index.json", open: openSharded },
  { name: "pytorch_model.bin", open: openWeightFile },
  { name: "pytorch_model.bin.index.json", open: openSharded },
] as const;

/**
 * @throws FailureError `model-folder-missing`, `file-missing` where the folder holds no weights, `weights-header`,
 *   `index-outside-folder`, `weight-missing`, `weight-duplicate`, and what the files themselves throw.
 */
export async function openCheckpoint(folder: string): Promise<Checkpoint> {
  if ((await stat(folder).catch(() => undefined))?.isDirectory() !== true) {
    throw new FailureError({ code: "model-folder-missing", folder });
  }
  for (const { name, open } of layouts) {
    const file = path.join(folder, name);
    if ((await stat(file).catch(() => undefined)) !== undefined) return open(file);
  }
  throw new FailureError({ code: "file-missing", file: path.join(folder, layouts[0].name) });
}

/**
 * The weights of one network of a diffusers folder: `<stem>.safetensors`, in shards or as a pickle, in full or as the
 * `fp16` variant; the first that is there. Links are followed, so that all tensors lie in one folder.
 *
 * Source: huggingface/diffusers, models/model_loading_utils.py `_add_variant`; transformers, modeling_utils.py.
 *
 * @param stems of file names, `diffusion_pytorch_model` or `model` and `pytorch_model`
 * @throws FailureError as `openCheckpoint` does.
 */
export async function openNetworkWeights(folder: string, stems: readonly string[]): Promise<Checkpoint> {
  if ((await stat(folder).catch(() => undefined))?.isDirectory() !== true) {
    throw new FailureError({ code: "model-folder-missing", folder });
  }
  const names = ["safetensors", "bin"].flatMap((kind) =>
    stems.flatMap((stem) => [
      `${stem}.${kind}`,
      `${stem}.${kind}.index.json`,
      `${stem}.fp16.${kind}`,
      `${stem}.fp16.${kind}.index.json`,
      `${stem}.${kind}.index.fp16.json`,
    ]),
  );
  for (const name of names) {
    const file = path.join(folder, name);
    if ((await stat(file).catch(() => undefined)) === undefined) continue;
    return name.endsWith(".json") ? openSharded(file) : openWeightFile(await realpath(file), name);
  }
  throw new FailureError({ code: "file-missing", file: path.join(folder, names[0] ?? "") });
}

/**
 * One file of tensors, read by the format that its published name tells: the hub's cache links such names to files
 * without an ending.
 *
 * @throws FailureError as `openSafetensors` and `openTorchFile` do.
 */
export function openWeightFile(file: string, publishedName = file): Promise<Checkpoint> {
  return publishedName.endsWith(".safetensors") ? openSafetensors(file) : openTorchFile(file);
}

async function openSharded(indexFile: string): Promise<Checkpoint> {
  const index = await readCheckpointIndex(indexFile);
  const shards = new Map<string, Checkpoint>();
  for (const entry of new Set(index.values())) {
    shards.set(entry, await openWeightFile(await realpath(await locateShard(indexFile, entry)), entry));
  }
  for (const [tensor, entry] of index) {
    const shard = shards.get(entry);
    if (shard?.get(tensor) !== undefined) continue;
    throw new FailureError({ code: "weight-missing", tensor, file: shard?.location ?? entry });
  }
  return joinShards(path.dirname(indexFile), [...shards.values()]);
}

/** Shards as one checkpoint. @throws FailureError `weight-duplicate`. */
export function joinShards(location: string, shards: readonly Checkpoint[]): Checkpoint {
  const tensors = new Map<string, StoredTensor>();
  for (const shard of shards) {
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
  return { location, names: [...tensors.keys()], get: (name) => tensors.get(name) };
}

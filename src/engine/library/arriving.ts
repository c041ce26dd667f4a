/** The shards of a checkpoint that is still on its server, as a checkpoint: headers here, tensors to come. */
import { mkdir, stat } from "node:fs/promises";
import path from "node:path";
import type { Hub, HubFile, Revision } from "../hub/hub";
import { RemoteHeader } from "../hub/remote-header";
import { joinShards } from "../weights/checkpoint";
import { readTensors } from "../weights/safetensors";
import type { Checkpoint, StoredTensor } from "../weights/tensor";
import type { Mark, ArrivingTensor } from "./shard-sink";

export interface ArrivingShard {
  readonly file: HubFile;
  /** By position; none is empty. */
  readonly tensors: readonly ArrivingTensor[];
}

export interface ArrivingCheckpoint {
  readonly shards: readonly ArrivingShard[];
  /** Each tensor is, or will be, a file of its own. */
  readonly checkpoint: Checkpoint;
}

/**
 * @param folder keeps the headers, and the tensors when they come.
 * @throws NoRangesError; FailureError of the hub and of headers that are not right.
 */
export async function readArriving(
  hub: Hub,
  revision: Revision,
  files: readonly HubFile[],
  folder: string,
): Promise<ArrivingCheckpoint> {
  await mkdir(path.join(folder, "tensors"), { recursive: true });
  const shards: ArrivingShard[] = [];
  const checkpoints: Checkpoint[] = [];
  for (const [index, file] of files.entries()) {
    const header = await RemoteHeader.open(hub, revision, file, path.join(folder, `header-${index}`));
    const published = [...(await readTensors(header)).values()].sort((a, b) => a.offset - b.offset);
    const tensors = new Map<string, StoredTensor>();
    const arriving: ArrivingTensor[] = [];
    for (const [number, tensor] of published.entries()) {
      const own = path.join(folder, "tensors", `${index}-${number}`);
      tensors.set(tensor.name, { ...tensor, file: own, offset: 0 });
      if (tensor.byteLength > 0) arriving.push({ begin: tensor.offset, byteLength: tensor.byteLength, file: own });
    }
    shards.push({ file, tensors: arriving });
    checkpoints.push({ location: header.path, names: [...tensors.keys()], get: (name) => tensors.get(name) });
  }
  return { shards, checkpoint: joinShards(revision.repository, checkpoints) };
}

/** The tensor files of a shard that are whole, given how far it has come. */
export async function storedTensors({ tensors }: ArrivingShard, mark: Mark | undefined): Promise<readonly string[]> {
  const stored: string[] = [];
  for (const { begin, byteLength, file } of tensors) {
    if (begin + byteLength > (mark?.offset ?? 0)) break;
    if ((await sizeOf(file)) === byteLength) stored.push(file);
  }
  return stored;
}

/**
 * Whether a shard can be gone on with at a mark: every tensor before it that is still needed is here, and of the one
 * across it, the part before.
 */
export async function isWhole(
  { tensors }: ArrivingShard,
  mark: Mark,
  needs: (file: string) => boolean,
): Promise<boolean> {
  for (const { begin, byteLength, file } of tensors) {
    if (begin >= mark.offset) return true;
    if (needs(file) && (await sizeOf(file)) < Math.min(byteLength, mark.offset - begin)) return false;
  }
  return true;
}

const sizeOf = async (file: string): Promise<number> => (await stat(file).catch(() => undefined))?.size ?? -1;

/**
 * The index of a sharded checkpoint: which file holds which tensor.
 *
 * An index is a stranger's text that names files, so a name must be that of a file in the index's own folder.
 * Source: transformers, utils/hub.py `get_checkpoint_shard_files`; huggingface_hub, "Understand caching" (links).
 */
import { realpath } from "node:fs/promises";
import path from "node:path";
import { FailureError } from "../../shared/failure";
import { asReadFailure, InputFile } from "./input-file";
import { DuplicateMemberError, JsonError, JsonReader } from "./json-reader";

/** A million tensors with long names; the largest published index has some thousands. */
const indexLimit = 128 * 2 ** 20;

/**
 * @returns the file name of the shard of each tensor, by the tensor's published name.
 * @throws FailureError `file-missing`, `file-unreadable`, `file-too-large`, `weights-header`, `weight-duplicate`.
 */
export async function readCheckpointIndex(file: string): Promise<ReadonlyMap<string, string>> {
  const reader = new JsonReader(await readWhole(file));
  const shards = new Map<string, string>();
  const members = new Set<string>();
  try {
    reader.object((member) => {
      members.add(member);
      if (member === "weight_map") reader.object((tensor) => shards.set(tensor, reader.text()));
      else reader.skip();
    });
    reader.end();
  } catch (thrown) {
    if (thrown instanceof DuplicateMemberError && shards.has(thrown.member)) {
      const { member: tensor } = thrown;
      throw new FailureError({ code: "weight-duplicate", tensor, file, other: file }, { cause: thrown });
    }
    if (thrown instanceof JsonError || thrown instanceof DuplicateMemberError) {
      throw new FailureError({ code: "weights-header", file, reason: thrown.message }, { cause: thrown });
    }
    throw thrown;
  }
  if (!members.has("weight_map"))
    throw new FailureError({ code: "weights-header", file, reason: "it has no weight_map" });
  return shards;
}

async function readWhole(path: string): Promise<Buffer> {
  const file = await InputFile.open(path);
  try {
    const { byteLength: bytes } = file;
    if (bytes > indexLimit) {
      throw new FailureError({ code: "file-too-large", file: path, bytes, limit: indexLimit });
    }
    return await file.read(0, bytes);
  } finally {
    await file.close();
  }
}

/**
 * The path of a shard: a plain name in the index's folder. Where that is a link, it must lead to a file in the same
 * folder, or to the hub's cache, whose snapshots are links into `blobs` two levels up.
 *
 * @throws FailureError `index-outside-folder`, `file-missing`, `file-unreadable`.
 */
export async function locateShard(indexFile: string, entry: string): Promise<string> {
  const refused = new FailureError({ code: "index-outside-folder", file: indexFile, entry });
  if (entry === "" || entry === "." || entry === ".." || /[\\/:\0]/.test(entry)) throw refused;
  const folder = path.dirname(indexFile);
  const file = path.join(folder, entry);
  try {
    const target = path.dirname(await realpath(file));
    if (target === (await realpath(folder)) || target === (await hubBlobs(folder))) return file;
  } catch (thrown) {
    throw asReadFailure(file, thrown);
  }
  throw refused;
}

/** `…/models--owner--name/blobs` for a folder `…/models--owner--name/snapshots/<revision>`. */
async function hubBlobs(folder: string): Promise<string | undefined> {
  const snapshots = path.dirname(path.resolve(folder));
  if (path.basename(snapshots) !== "snapshots") return undefined;
  return realpath(path.join(path.dirname(snapshots), "blobs"));
}

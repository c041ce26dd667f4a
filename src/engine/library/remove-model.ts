/** A model deleted: published files, prepared networks, and what has arrived of either. */
import { rm } from "node:fs/promises";
import path from "node:path";
import { FailureError } from "../../shared/failure";
import type { ModelParams } from "../../shared/library-protocol";
import { inUseFolder } from "../pipeline/prepared-model";
import { tryLock, usersOf } from "../platform/lease";
import { arrivingFolder, lockFile, preparedFolders, publishedFolder } from "./places";
import { entryOf } from "./plan";
import { removePublished } from "./release";

/** @throws FailureError `model-in-use` with the processes, `model-busy`, `write-failed`. */
export async function removeModel(params: ModelParams): Promise<void> {
  const { model, preparedRoot } = params;
  entryOf(model);
  const held = await tryLock(lockFile(params, model));
  if (typeof held === "number") throw new FailureError({ code: "model-busy", model, process: held });
  try {
    const prepared = (await preparedFolders(params, model)).map((name) => path.join(preparedRoot, name));
    const used = [publishedFolder(params, model), ...prepared];
    const users = (await Promise.all(used.map((folder) => usersOf(inUseFolder(preparedRoot), folder)))).flat();
    if (users.length > 0) throw new FailureError({ code: "model-in-use", model, processes: [...new Set(users)] });
    for (const folder of [arrivingFolder(params, model), ...prepared]) await removeFolder(folder);
    await removePublished(params, model);
  } finally {
    await held.release();
  }
}

async function removeFolder(folder: string): Promise<void> {
  try {
    await rm(folder, { recursive: true, force: true });
  } catch (thrown) {
    const reason = thrown instanceof Error && "code" in thrown ? String(thrown.code) : String(thrown);
    throw new FailureError({ code: "write-failed", file: folder, reason }, { cause: thrown });
  }
}

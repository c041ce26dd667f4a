/** Every file of a model against what was published, and its prepared networks against what was prepared. */
import { rm } from "node:fs/promises";
import path from "node:path";
import { FailureError, failureOf } from "../../shared/failure";
import type { ModelParams } from "../../shared/library-protocol";
import { hashFile, newHash, sha256Of } from "../hub/digest";
import { tryLock } from "../platform/lease";
import type { TaskOptions } from "./get-model";
import { installedRecord } from "./installed";
import { folderBytes, lockFile, publishedFolder } from "./places";
import { entryOf } from "./plan";
import { Progress } from "./progress";
import { type ModelRecord, writeRecord } from "./record";

/**
 * Damaged files are deleted, so that getting the model again fetches or prepares just those.
 *
 * @throws FailureError `model-damaged`, `model-incomplete` where there is nothing to check against, `model-busy`.
 */
export async function verifyModel(params: ModelParams, { signal, part }: TaskOptions): Promise<void> {
  const { model } = params;
  entryOf(model);
  const held = await tryLock(lockFile(params, model));
  if (typeof held === "number") throw new FailureError({ code: "model-busy", model, process: held });
  try {
    const record = await installedRecord(params, model);
    if (record?.complete !== true) throw new FailureError({ code: "model-incomplete", model, missing: "the record" });
    const progress = new Progress(part);
    const published = record.published ? record.files : record.files.filter(({ weights }) => !weights);
    const folders = record.prepared.map(({ folder }) => path.join(params.preparedRoot, folder));
    const preparedBytes = (await Promise.all(folders.map(folderBytes))).reduce((a, b) => a + b, 0);
    progress.begin("verifying", 0, published.reduce((n, { bytes }) => n + bytes, 0) + preparedBytes);
    const options = { signal, onBytes: progress.add.bind(progress) };

    const damaged: string[] = [];
    for (const file of published) {
      const place = path.join(publishedFolder(params, file.folder), ...file.path.split("/"));
      const hash = newHash(file.digest.kind, file.bytes);
      const sound = await readable(() => hashFile(place, hash, options));
      if (sound && hash.digest("hex") === file.digest.value) continue;
      damaged.push(`${file.folder}/${file.path}`);
      await rm(place, { force: true });
    }
    const prepared: ModelRecord["prepared"][number][] = [];
    for (const entry of record.prepared) {
      const folder = path.join(params.preparedRoot, entry.folder);
      const wrong: string[] = [];
      for (const [name, digest] of Object.entries(entry.digests)) {
        let found = "";
        await readable(async () => {
          found = await sha256Of(path.join(folder, name), options);
        });
        if (found !== digest) wrong.push(`${entry.folder}/${name}`);
      }
      if (wrong.length === 0) prepared.push(entry);
      else await rm(folder, { recursive: true, force: true });
      damaged.push(...wrong);
    }
    if (damaged.length === 0) return;
    // With the published files whole, preparing again is all that is needed.
    const complete =
      record.published && damaged.every((name) => record.prepared.some((p) => name.startsWith(`${p.folder}/`)));
    await writeRecord(publishedFolder(params, model), { ...record, complete, prepared, damaged });
    throw new FailureError({ code: "model-damaged", model, files: damaged });
  } finally {
    await held.release();
  }
}

/** Whether a file could be read; a missing one is damage, not an error. */
async function readable(work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (thrown) {
    const { code } = failureOf(thrown);
    if (code === "file-missing" || code === "file-unreadable") return false;
    throw thrown;
  }
}

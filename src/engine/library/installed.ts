/** Models whose published files are here: their records, and their prepared forms. */
import { readdir } from "node:fs/promises";
import path from "node:path";
import type { LibraryFolders } from "../../shared/library-protocol";
import type { Precision } from "../../shared/protocol";
import { sha256Of } from "../hub/digest";
import { prepareModel } from "../pipeline/prepare-model";
import { readManifest } from "../pipeline/prepared-model";
import { folderBytes, publishedFolder } from "./places";
import type { Progress } from "./progress";
import { type ModelRecord, type PreparedRecord, readRecord, writeRecord } from "./record";

export const installedRecord = (folders: LibraryFolders, model: string): Promise<ModelRecord | undefined> =>
  readRecord(publishedFolder(folders, model));

/** Whether a model is there in this precision, whole and of this version. */
export async function isPrepared(
  { preparedRoot }: LibraryFolders,
  record: ModelRecord,
  precision: Precision,
): Promise<boolean> {
  const found = record.prepared.find((prepared) => prepared.precision === precision);
  if (found === undefined) return false;
  return (await readManifest(path.join(preparedRoot, found.folder)).catch(() => undefined)) !== undefined;
}

/**
 * Prepares a model whose published files are all here, and notes it.
 *
 * @throws FailureError as `prepareModel`.
 */
export async function prepareInstalled(
  folders: LibraryFolders & { readonly model: string; readonly precision: Precision },
  record: ModelRecord,
  progress: Progress,
  signal: AbortSignal,
): Promise<ModelRecord> {
  const { modelsRoot: encoders, preparedRoot, precision } = folders;
  const model = publishedFolder(folders, folders.model);
  progress.begin("preparing", 0, 0);
  let told = 0;
  const { folder } = await prepareModel(
    { model, encoders, preparedRoot, precision },
    {
      signal,
      onPart: ({ done, total }) => {
        if (told === 0) progress.begin("preparing", 0, total);
        progress.add(done - told);
        told = done;
      },
    },
  );
  const prepared = await preparedRecord(precision, folder, progress, signal);
  const others = record.prepared.filter((other) => other.precision !== precision);
  const noted = { ...record, prepared: [...others, prepared], damaged: [] };
  await writeRecord(model, noted);
  return noted;
}

/** The digests of a prepared folder, against which it can be verified later. */
export async function preparedRecord(
  precision: Precision,
  folder: string,
  progress: Progress,
  signal: AbortSignal,
): Promise<PreparedRecord> {
  progress.begin("verifying", 0, await folderBytes(folder));
  const digests: Record<string, string> = {};
  for (const name of (await readdir(folder)).sort()) {
    const onBytes = progress.add.bind(progress);
    digests[name] = await sha256Of(path.join(folder, name), { signal, onBytes });
  }
  return { precision, folder: path.basename(folder), digests };
}

/** Published weights deleted once the model is prepared, and encoders once no model needs them. */
import { readdir, rm } from "node:fs/promises";
import path from "node:path";
import type { LibraryFolders } from "../../shared/library-protocol";
import { publishedFolder } from "./places";
import { type ModelRecord, type RecordedFile, readRecord, writeRecord } from "./record";

/** Deletes the weights of a prepared model and notes it; the small texts stay. */
export async function releaseWeights(folders: LibraryFolders, model: string): Promise<void> {
  const folder = publishedFolder(folders, model);
  const record = await readRecord(folder);
  if (record === undefined) return;
  const needed = await neededByOthers(folders, model, ({ complete, published }) => published || !complete);
  await writeRecord(folder, { ...record, published: false });
  for (const file of record.files) {
    if (file.weights && !needed.has(keyOf(file))) await rm(placeOf(folders, file), { force: true });
  }
}

/** Deletes a model's files and those of its encoders that no other model has. */
export async function removePublished(folders: LibraryFolders, model: string): Promise<void> {
  const record = await readRecord(publishedFolder(folders, model));
  const needed = await neededByOthers(folders, model, () => true);
  const others = new Set(record?.files.map(({ folder }) => folder).filter((folder) => folder !== model));
  for (const file of record?.files ?? []) {
    if (file.folder === model || needed.has(keyOf(file))) continue;
    await rm(placeOf(folders, file), { force: true });
    await rm(`${placeOf(folders, file)}.${file.digest.value.slice(0, 12)}.part`, { force: true });
  }
  for (const other of others) {
    const folder = publishedFolder(folders, other);
    if ((await readdir(folder).catch(() => [""])).length === 0) await rm(folder, { recursive: true, force: true });
  }
  await rm(publishedFolder(folders, model), { recursive: true, force: true });
}

const keyOf = ({ folder, path: name }: RecordedFile): string => `${folder}/${name}`;

const placeOf = (folders: LibraryFolders, { folder, path: name }: RecordedFile): string =>
  path.join(publishedFolder(folders, folder), ...name.split("/"));

async function neededByOthers(
  folders: LibraryFolders,
  model: string,
  counts: (record: ModelRecord) => boolean,
): Promise<ReadonlySet<string>> {
  const needed = new Set<string>();
  for (const name of await readdir(folders.modelsRoot).catch(() => [])) {
    const record = name === model ? undefined : await readRecord(publishedFolder(folders, name));
    if (record !== undefined && counts(record)) for (const file of record.files) needed.add(keyOf(file));
  }
  return needed;
}

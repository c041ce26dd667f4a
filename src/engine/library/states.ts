/** The state of each model, told from what is on disk. */
import { stat } from "node:fs/promises";
import path from "node:path";
import { FailureError, failureOf } from "../../shared/failure";
import type { DiskState, LibraryFolders, ModelOnDisk } from "../../shared/library-protocol";
import { catalogue } from "../../shared/model-catalogue";
import type { Precision } from "../../shared/protocol";
import { arrivedBytes } from "../hub/download-file";
import { readManifest, inUseFolder } from "../pipeline/prepared-model";
import { lockHolder, usersOf } from "../platform/lease";
import { deviceKey, deviceMemory, recallDevices } from "../runtime/device-memory";
import { installedRecord } from "./installed";
import { arrivingShardBytes } from "./journal";
import { arrivingFolder, folderBytes, lockFile, preparedFolders, publishedFolder } from "./places";
import type { ModelRecord, RecordedFile } from "./record";

export const listModels = (folders: LibraryFolders): Promise<readonly ModelOnDisk[]> =>
  Promise.all(catalogue.map(({ id }) => modelOnDisk(folders, id)));

export async function modelOnDisk(folders: LibraryFolders, model: string): Promise<ModelOnDisk> {
  const published = publishedFolder(folders, model);
  const prepared = (await preparedFolders(folders, model)).map((name) => path.join(folders.preparedRoot, name));
  const record = await installedRecord(folders, model);
  const own = [published, ...prepared, arrivingFolder(folders, model)];
  const bytes = (await Promise.all(own.map(folderBytes))).reduce((a, b) => a + b, 0);
  const users = await Promise.all(
    [published, ...prepared].map((used) => usersOf(inUseFolder(folders.preparedRoot), used)),
  );
  const holder = await lockHolder(lockFile(folders, model));
  return {
    model,
    state: record === undefined ? await withoutRecord(published, prepared) : await stateOf(folders, model, record),
    bytes: bytes + (await encoderBytes(folders, model, record)),
    users: [...new Set(users.flat())],
    busy: holder === process.pid ? null : holder,
    revision: record?.commit ?? null,
    fastest: await fastestDevice(folders, prepared),
  };
}

/** As remembered for one of a model's prepared folders, the last of them that has been asked. */
async function fastestDevice(
  { preparedRoot }: LibraryFolders,
  prepared: readonly string[],
): Promise<ModelOnDisk["fastest"]> {
  const remembered = await recallDevices(deviceMemory(preparedRoot));
  let fastest: ModelOnDisk["fastest"] = null;
  for (const folder of prepared) {
    const manifest = await readManifest(folder).catch(() => undefined);
    const choice = manifest === undefined ? undefined : remembered[deviceKey(folder, manifest.source)];
    if (choice !== undefined && choice.trying === undefined) fastest = choice.device;
  }
  return fastest;
}

/** A checkpoint, or a prepared model, that came from a folder or an archive. */
async function withoutRecord(published: string, prepared: readonly string[]): Promise<DiskState> {
  const manifests = await Promise.all(prepared.map((folder) => readManifest(folder).catch(() => undefined)));
  const ready = prepared.filter((_, index) => manifests[index] !== undefined);
  const precisions = [...new Set(manifests.flatMap((manifest) => manifest?.precision ?? []))];
  for (const name of ["config.json", "model_index.json"]) {
    if (await isFile(path.join(published, name))) {
      return { kind: "ready", folder: published, precisions, published: true };
    }
  }
  const [folder] = ready;
  return folder === undefined ? { kind: "absent" } : { kind: "ready", folder, precisions, published: false };
}

async function stateOf(folders: LibraryFolders, model: string, record: ModelRecord): Promise<DiskState> {
  if (record.damaged.length > 0) {
    return { kind: "broken", failure: { code: "model-damaged", model, files: record.damaged } };
  }
  if (!record.complete) return partial(folders, model, record);
  const missing = record.published ? await missingFile(folders, record.files) : undefined;
  if (missing !== undefined) return { kind: "broken", failure: { code: "model-incomplete", model, missing } };
  const precisions: Precision[] = [];
  const ready: string[] = [];
  let failure = new FailureError({ code: "model-incomplete", model, missing: "manifest.json" }).failure;
  for (const { precision, folder: name } of record.prepared) {
    const folder = path.join(folders.preparedRoot, name);
    try {
      if ((await readManifest(folder)) === undefined) continue;
      precisions.push(precision);
      ready.push(folder);
    } catch (thrown) {
      failure = failureOf(thrown);
    }
  }
  const folder = record.published ? publishedFolder(folders, model) : ready.at(-1);
  if (folder === undefined) return { kind: "broken", failure };
  return { kind: "ready", folder, precisions, published: record.published };
}

async function partial(folders: LibraryFolders, model: string, record: ModelRecord): Promise<DiskState> {
  let done = await arrivingShardBytes(arrivingFolder(folders, model));
  let total = 0;
  for (const file of record.files) {
    total += file.bytes;
    done += await arrivedBytes(placeOf(folders, file), file);
  }
  return { kind: "partial", done: Math.min(done, total), total };
}

async function missingFile(folders: LibraryFolders, files: readonly RecordedFile[]): Promise<string | undefined> {
  for (const file of files) {
    if ((await stat(placeOf(folders, file)).catch(() => undefined))?.size !== file.bytes) return file.path;
  }
  return undefined;
}

async function encoderBytes(folders: LibraryFolders, model: string, record: ModelRecord | undefined): Promise<number> {
  let bytes = 0;
  for (const file of record?.files ?? []) {
    if (file.folder !== model) bytes += await arrivedBytes(placeOf(folders, file), file);
  }
  return bytes;
}

const placeOf = (folders: LibraryFolders, { folder, path: name }: RecordedFile): string =>
  path.join(publishedFolder(folders, folder), ...name.split("/"));

const isFile = async (file: string): Promise<boolean> => (await stat(file).catch(() => undefined))?.isFile() === true;

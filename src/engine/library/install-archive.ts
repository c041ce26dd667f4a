/**
 * Models brought to a machine without a network: a folder or an archive of model folders, unpacked beside their places,
 * looked at, and moved there when they are models.
 */
import { randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, readdir, rename, rm, statfs } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { FailureError, throwIfCancelled } from "../../shared/failure";
import type { InstalledFolder, InstallParams, InstallResult } from "../../shared/library-protocol";
import { catalogueEntry, encoders } from "../../shared/model-catalogue";
import { isSameEncoder } from "../model/encoder-folders";
import { prepareModel } from "../pipeline/prepare-model";
import { inUseFolder, manifestName } from "../pipeline/prepared-model";
import { usersOf } from "../platform/lease";
import { asWriteFailure } from "../weights/output-file";
import { readArchive } from "./archive";
import type { TaskOptions } from "./get-model";
import { inspectFolder } from "./inspect-folder";
import { Progress } from "./progress";
import { readRecord } from "./record";
import { modelOnDisk } from "./states";
import { verifyModel } from "./verify-model";

/**
 * @throws FailureError `archive-invalid`, `archive-without-model`, `model-in-use`, `model-damaged`, `disk-full`, and
 *   what `inspectFolder` and `prepareModel` throw; nothing that was there before is lost then.
 */
export async function installArchive(params: InstallParams, { signal, part }: TaskOptions): Promise<InstallResult> {
  const { source, modelsRoot, preparedRoot, precision } = params;
  const staging = path.join(modelsRoot, `.installing-${randomUUID()}`);
  const progress = new Progress(part);
  progress.begin("copying", 0, 0);
  try {
    await mkdir(staging, { recursive: true });
    await unpack(source, path.join(staging, nameOf(source)), progress, signal);
    const found = await findModels(staging);
    if (found.length === 0) throw new FailureError({ code: "archive-without-model", file: source });
    for (const { kind, folder } of found) {
      if (kind !== "encoder" && kind !== "prepared" && (await readRecord(folder)) === undefined) {
        await inspectFolder({ folder, encoders: staging });
      }
    }
    const installed: InstalledFolder[] = [];
    for (const { kind, folder } of found) {
      const target = targetOf(kind, folder, params);
      const users = await usersOf(inUseFolder(preparedRoot), target);
      const model = path.basename(target);
      if (users.length > 0) throw new FailureError({ code: "model-in-use", model, processes: users });
      await mkdir(path.dirname(target), { recursive: true });
      await rm(target, { recursive: true, force: true });
      await rename(folder, target);
      installed.push({ kind, folder: target });
    }
    for (const { kind, folder } of installed) {
      throwIfCancelled(signal);
      const model = path.basename(folder);
      const known = catalogueEntry(model) !== undefined;
      if (known && kind !== "prepared" && (await readRecord(folder)) !== undefined) {
        const { state } = await modelOnDisk(params, model);
        if (state.kind === "broken") throw new FailureError(state.failure);
        if (state.kind === "ready") await verifyModel({ ...params, model }, { signal, part });
      } else if (kind === "published") {
        await prepareModel(
          { model: folder, encoders: modelsRoot, preparedRoot, precision },
          {
            signal,
            onPart: ({ done, total }) => {
              part({ stage: "preparing", done, total, bytesPerSecond: 0 });
            },
          },
        );
      }
    }
    return { installed };
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

const nameOf = (source: string): string => path.basename(path.resolve(source)).replace(/\.(zip|tar|tar\.gz|tgz)$/i, "");

async function unpack(source: string, folder: string, progress: Progress, signal: AbortSignal): Promise<void> {
  await mkdir(folder, { recursive: true });
  await readArchive(source, async ({ path: name, bytes }, content) => {
    throwIfCancelled(signal);
    await checkRoom(folder, bytes);
    const target = path.join(folder, ...name.split("/"));
    await mkdir(path.dirname(target), { recursive: true });
    content.on("data", (chunk: Buffer) => {
      progress.add(chunk.length);
    });
    try {
      await pipeline(content, createWriteStream(target, { flags: "wx" }), { signal });
    } catch (thrown) {
      throw await asWriteFailure(target, bytes, thrown);
    }
  });
}

async function checkRoom(folder: string, neededBytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const availableBytes = bavail * bsize;
  if (availableBytes < neededBytes) throw new FailureError({ code: "disk-full", folder, neededBytes, availableBytes });
}

/** Model folders below a folder; what lies inside one belongs to it. */
async function findModels(folder: string): Promise<readonly InstalledFolder[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const files = new Set(entries.filter((entry) => entry.isFile()).map(({ name }) => name));
  const kind = kindOf(path.basename(folder), files);
  if (kind !== undefined) return [{ kind, folder }];
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => path.join(folder, name));
  return (await Promise.all(folders.sort().map(findModels))).flat();
}

function kindOf(name: string, files: ReadonlySet<string>): InstalledFolder["kind"] | undefined {
  if (files.has(manifestName)) return "prepared";
  if (files.has("model_index.json")) return "diffusion";
  const isEncoder = Object.values(encoders).some(({ id }) => isSameEncoder(name, id));
  const holdsEncoder = ["open_clip_config.json", "preprocessor_config.json"].some((file) => files.has(file));
  if (isEncoder || holdsEncoder || files.has("open_clip_pytorch_model.bin")) return "encoder";
  return files.has("config.json") ? "published" : undefined;
}

function targetOf(kind: InstalledFolder["kind"], folder: string, { modelsRoot, preparedRoot }: InstallParams): string {
  const name = path.basename(folder);
  if (kind === "prepared") return path.join(preparedRoot, name);
  const encoder = kind === "encoder" ? Object.values(encoders).find(({ id }) => isSameEncoder(name, id)) : undefined;
  return path.join(modelsRoot, encoder?.id ?? name);
}

/**
 * A model fetched and prepared. Whatever ends it, what has arrived is kept, and asking again goes on from there.
 *
 * Two ways lead to the prepared model. Where the published weights are safetensors, the server knows ranges, and
 * nobody wants to keep them, they are prepared as they arrive. Else they are downloaded first and deleted after
 * preparing, unless they are to be kept.
 */
import { statfs } from "node:fs/promises";
import path from "node:path";
import { FailureError, throwIfCancelled } from "../../shared/failure";
import type { GetParams, LibraryPart } from "../../shared/library-protocol";
import { sizesOf } from "../../shared/model-sizes";
import type { PrepareResult } from "../../shared/protocol";
import { arrivedBytes, downloadFile } from "../hub/download-file";
import { Hub, type HubFile, type Revision } from "../hub/hub";
import { inParallel } from "../hub/in-parallel";
import { Network } from "../hub/network";
import { NoRangesError } from "../hub/remote-header";
import { readModelConfig } from "../model/config";
import { encodersInside, findEncoders } from "../model/encoders";
import { lock, tryLock } from "../platform/lease";
import { type ArrivingCheckpoint, readArriving } from "./arriving";
import { installedRecord, isPrepared, preparedRecord, prepareInstalled } from "./installed";
import { arrivingFolder, lockFile, publishedFolder } from "./places";
import { type DownloadPart, type DownloadPlan, entryOf, partsOf, planDownload, recordedFiles, textsOnly } from "./plan";
import { prepareArriving } from "./prepare-arriving";
import { Progress } from "./progress";
import { type ModelRecord, writeRecord } from "./record";
import { releaseWeights } from "./release";

export interface TaskOptions {
  readonly signal: AbortSignal;
  readonly part: (part: LibraryPart) => void;
}

interface Target {
  readonly file: HubFile;
  readonly revision: Revision;
  /** Name of the folder that it belongs to. */
  readonly folder: string;
  readonly target: string;
}

const defaultFiles = 4;
/** Tensors that wait for their conversion take no more than this. */
const arrivingBytes = 2 * 2 ** 30;

/**
 * @throws FailureError `model-unknown`; `model-busy` where another process is at it; of the hub, the checkpoint and the
 *   disk; `cancelled`.
 */
export async function getModel(params: GetParams, { signal, part }: TaskOptions): Promise<void> {
  const entry = entryOf(params.model);
  const held = await tryLock(lockFile(params, entry.id));
  if (typeof held === "number") throw new FailureError({ code: "model-busy", model: entry.id, process: held });
  const network = new Network(params.network);
  try {
    const progress = new Progress(part);
    const record = await installedRecord(params, entry.id);
    if (record?.complete === true) {
      if (await isPrepared(params, record, params.precision)) {
        if (record.damaged.length > 0) await writeRecord(publishedFolder(params, entry.id), { ...record, damaged: [] });
        return;
      }
      if (record.published && entry.kind === "vision-language") {
        await prepareInstalled(params, record, progress, signal);
        return;
      }
    }
    progress.begin("asking", 0, 0);
    const onRetry = progress.retrying.bind(progress);
    const hub = new Hub(network, { signal, onRetry });
    await new Getting(params, hub, progress, signal).run(await planDownload(hub, entry, record?.commit), record);
  } finally {
    await network.dispose();
    await held.release();
  }
}

class Getting {
  readonly #params: GetParams;
  readonly #hub: Hub;
  readonly #progress: Progress;
  readonly #signal: AbortSignal;

  constructor(params: GetParams, hub: Hub, progress: Progress, signal: AbortSignal) {
    this.#params = params;
    this.#hub = hub;
    this.#progress = progress;
    this.#signal = signal;
  }

  async run(whole: DownloadPlan, before: ModelRecord | undefined): Promise<void> {
    const { model, keepPublished } = this.#params;
    const texts = { ...whole, model: textsOnly(whole.model) };
    await this.#note(whole, before);
    await this.#download(partsOf(texts).map(textsOnly));
    if (whole.lowResolution === undefined || whole.highResolution === undefined) {
      await this.#checkSpace(await this.#remaining(partsOf(whole)));
      await this.#download(partsOf(whole));
      await this.#note(whole, before, { complete: true, published: true });
      return;
    }
    const arriving = await this.#arriving(whole.model);
    const plan = arriving === undefined ? whole : await this.#withoutInside(whole, arriving);
    const record = await this.#note(plan, before);
    if (arriving === undefined || keepPublished) {
      const parts = partsOf(plan);
      await this.#checkSpace((await this.#remaining(parts)) + this.#preparedBytes(parts));
      await this.#download(partsOf(plan));
      const complete = { ...record, complete: true, published: true };
      await writeRecord(publishedFolder(this.#params, model), complete);
      await prepareInstalled(this.#params, complete, this.#progress, this.#signal);
    } else {
      const result = await this.#prepareArriving(plan, arriving);
      const prepared = await preparedRecord(this.#params.precision, result.folder, this.#progress, this.#signal);
      const others = record.prepared.filter(({ precision }) => precision !== prepared.precision);
      const complete = { ...record, complete: true, published: true, prepared: [...others, prepared] };
      await writeRecord(publishedFolder(this.#params, model), complete);
    }
    if (!keepPublished) await releaseWeights(this.#params, model);
  }

  /** The checkpoint by its headers alone; undefined where that cannot be had. */
  async #arriving({ revision, selection }: DownloadPart): Promise<ArrivingCheckpoint | undefined> {
    if (!selection.weights.every(({ path: name }) => name.endsWith(".safetensors"))) return undefined;
    try {
      return await readArriving(this.#hub, revision, selection.weights, this.#arrivingFolder());
    } catch (thrown) {
      if (thrown instanceof NoRangesError) return undefined;
      throw thrown;
    }
  }

  async #withoutInside(plan: DownloadPlan, { checkpoint }: ArrivingCheckpoint): Promise<DownloadPlan> {
    const config = await readModelConfig(publishedFolder(this.#params, this.#params.model));
    const inside = encodersInside(config, checkpoint);
    const { lowResolution: low, highResolution: high } = plan;
    return {
      ...plan,
      ...(low !== undefined && inside.low ? { lowResolution: textsOnly(low) } : {}),
      ...(high !== undefined && inside.high ? { highResolution: textsOnly(high) } : {}),
    };
  }

  async #prepareArriving(plan: DownloadPlan, arriving: ArrivingCheckpoint): Promise<PrepareResult> {
    const { modelsRoot, preparedRoot, precision, model } = this.#params;
    const encoderParts = [plan.lowResolution, plan.highResolution].filter((part) => part !== undefined);
    const encoderFiles = encoderParts.flatMap(({ selection }) => selection.weights);
    const waiting = Math.min(sum(plan.model.selection.weights), arrivingBytes);
    await this.#checkSpace((await this.#remaining(encoderParts)) + waiting);
    const total = sum(plan.model.selection.weights) + sum(encoderFiles);
    await this.#download(encoderParts, total);
    throwIfCancelled(this.#signal);
    const folder = publishedFolder(this.#params, model);
    const config = await readModelConfig(folder);
    const params = {
      hub: this.#hub,
      revision: plan.model.revision,
      arriving,
      folder: this.#arrivingFolder(),
      model: folder,
      config,
      encoders: await findEncoders(config, arriving.checkpoint, folder, modelsRoot),
      encoderDigests: encoderFiles.map(({ digest }) => digest.value),
      preparedRoot,
      precision,
    };
    return prepareArriving(params, {
      signal: this.#signal,
      onBegin: (arrived) => {
        this.#progress.begin("downloading", sum(encoderFiles) + arrived, total);
      },
      onBytes: (bytes) => {
        this.#progress.add(bytes);
      },
    });
  }

  /** @param total bytes that progress is told of, where more is to follow. */
  async #download(parts: readonly DownloadPart[], total?: number): Promise<void> {
    const files = this.#targets(parts);
    let arrived = 0;
    for (const { target, file } of files) arrived += await arrivedBytes(target, file);
    this.#progress.begin("downloading", arrived, total ?? sum(files.map(({ file }) => file)));
    const limit = this.#params.network.pace?.files ?? defaultFiles;
    await inParallel(files, limit, this.#signal, async ({ file, revision, folder, target }, signal) => {
      // Encoders belong to several models, which may be fetched at the same time.
      const own = folder === this.#params.model;
      const shared = own ? undefined : await lock(lockFile(this.#params, `${folder}-${path.basename(target)}`), signal);
      try {
        await downloadFile(this.#hub, revision, file, target, {
          signal,
          onBytes: (bytes) => {
            this.#progress.add(bytes);
          },
        });
      } finally {
        await shared?.release();
      }
    });
  }

  async #note(
    plan: DownloadPlan,
    before: ModelRecord | undefined,
    state: Pick<ModelRecord, "complete" | "published"> = { complete: false, published: false },
  ): Promise<ModelRecord> {
    const { repository, commit } = plan.model.revision;
    const files = recordedFiles(plan);
    const prepared = before?.prepared ?? [];
    const record: ModelRecord = { version: 1, repository, commit, files, prepared, damaged: [], ...state };
    await writeRecord(publishedFolder(this.#params, this.#params.model), record);
    return record;
  }

  /** @throws FailureError `disk-full`. */
  async #checkSpace(needed: number): Promise<void> {
    const { modelsRoot } = this.#params;
    const neededBytes = Math.ceil(needed);
    const { bavail, bsize } = await statfs(modelsRoot);
    const availableBytes = bavail * bsize;
    if (availableBytes < neededBytes) {
      throw new FailureError({ code: "disk-full", folder: modelsRoot, neededBytes, availableBytes });
    }
  }

  /** Bytes that are still to be downloaded. */
  async #remaining(parts: readonly DownloadPart[]): Promise<number> {
    const files = this.#targets(parts);
    let arrived = 0;
    for (const { target, file } of files) arrived += await arrivedBytes(target, file);
    return sum(files.map(({ file }) => file)) - arrived;
  }

  /** What published files become, by the measure of the catalogue. */
  #preparedBytes(parts: readonly DownloadPart[]): number {
    const { prepared, download } = sizesOf(entryOf(this.#params.model), this.#params.precision);
    return (prepared / download) * sum(parts.flatMap(({ selection }) => selection.weights));
  }

  #targets(parts: readonly DownloadPart[]): readonly Target[] {
    return parts.flatMap(({ selection, revision, folder }) =>
      [...selection.texts, ...selection.weights].map((file) => {
        const target = path.join(publishedFolder(this.#params, folder), ...file.path.split("/"));
        return { file, revision, folder, target };
      }),
    );
  }

  #arrivingFolder(): string {
    return arrivingFolder(this.#params, this.#params.model);
  }
}

const sum = (files: readonly HubFile[]): number => files.reduce((n, { bytes }) => n + bytes, 0);

/**
 * Preparing: a published checkpoint becomes the networks that the runtime loads, once for each precision.
 *
 * Everything is written into a folder beside the final one, which is renamed into place when complete: an interrupted
 * preparation leaves nothing that could be mistaken for a model. Tensors stream through, so memory stays far below
 * the checkpoint's size. Two processes that want the same model prepare it once: the second waits for the first.
 */
import { createHash } from "node:crypto";
import { mkdir, rm, stat } from "node:fs/promises";
import path from "node:path";
import { FailureError, throwIfCancelled } from "../../shared/failure";
import type { LoadPart, PrepareParams, PrepareResult } from "../../shared/protocol";
import { readModelConfig, type VisionConfig } from "../model/config";
import { type Encoders, findEncoders } from "../model/encoders";
import { lock } from "../platform/lease";
import { openCheckpoint } from "../weights/checkpoint";
import type { Checkpoint } from "../weights/tensor";
import { openTokenizer } from "./open-tokenizer";
import { checkSpace, finishPreparation, planPreparation, preparedFolder, totalBytes } from "./preparation";
import { builderVersion, readManifest } from "./prepared-model";
import { writeJobs, writeNetwork } from "./write-network";

export interface PrepareOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onPart?: ((part: LoadPart) => void) | undefined;
  /** Give the reference's intermediate values as outputs of the networks. */
  readonly intermediates?: boolean;
}

/**
 * Prepares a checkpoint unless that has been done; a folder that is prepared already is taken as it is.
 *
 * @throws FailureError of the checkpoint (weights, config, encoders), of the disk, or `cancelled`.
 */
export async function prepareModel(params: PrepareParams, options: PrepareOptions = {}): Promise<PrepareResult> {
  const { model, preparedRoot, precision } = params;
  const shipped = await readManifest(model);
  if (shipped !== undefined) return { folder: model, bytes: totalBytes(shipped), wrote: false };

  if ((await stat(model).catch(() => undefined))?.isDirectory() !== true) {
    throw new FailureError({ code: "model-folder-missing", folder: model });
  }
  const published = await readModelConfig(model);
  const standard = params.highDefinition === false && published.vision.imageGrid > 1;
  const config = standard ? { ...published, vision: standardDefinition(published.vision) } : published;
  const checkpoint = await openCheckpoint(model);
  const encoders = await findEncoders(config, checkpoint, model, params.encoders);
  const source = await fingerprint(checkpoint, encoders, standard ? "standard" : "");
  const name = path.basename(path.resolve(model));
  const intermediates = options.intermediates === true;
  const variant = intermediates ? `${precision}-intermediates` : precision;
  const folder = preparedFolder(preparedRoot, name, variant, source);
  const existing = await prepared(folder);
  if (existing !== undefined) return existing;

  // Whatever is wrong with the checkpoint shows here, before anything is written.
  const from = { model, config, checkpoint, encoders, source, preparedRoot, precision, intermediates };
  const preparation = planPreparation(from);
  await openTokenizer(model, config.vocabularySize);
  const held = await lock(path.join(preparedRoot, ".locks", `${path.basename(folder)}.json`), options.signal);
  try {
    // Another process may have prepared it while this one waited.
    const made = await prepared(folder);
    if (made !== undefined) return made;
    return await write(preparation, options);
  } finally {
    await held.release();
  }
}

async function write(preparation: ReturnType<typeof planPreparation>, options: PrepareOptions): Promise<PrepareResult> {
  const { folder, preparedRoot, graphs, embeddings, bytes: total } = preparation;
  // What a process that was killed left behind is in the way of nobody else: this one holds the lock.
  const temporary = path.join(preparedRoot, `.preparing-${path.basename(folder)}`);
  await rm(temporary, { recursive: true, force: true });
  try {
    await mkdir(temporary, { recursive: true });
    await checkSpace(preparedRoot, total);
    let done = 0;
    const onWritten = (bytes: number): void => {
      done += bytes;
      options.onPart?.({ stage: "quantising", done, total });
    };
    const writing = { signal: options.signal, onWritten };
    for (const graph of graphs) await writeNetwork(temporary, graph, writing);
    const written = await writeJobs(temporary, "embeddings", [embeddings], writing);
    throwIfCancelled(options.signal);
    return await finishPreparation(preparation, temporary, written);
  } catch (thrown) {
    await rm(temporary, { recursive: true, force: true });
    throw thrown;
  }
}

/** The prepared model in a folder; undefined where there is none, or one that is not whole and is made anew. */
async function prepared(folder: string): Promise<PrepareResult | undefined> {
  const manifest = await readManifest(folder).catch(invalidIsAbsent);
  return manifest === undefined ? undefined : { folder, bytes: totalBytes(manifest), wrote: false };
}

function invalidIsAbsent(thrown: unknown): undefined {
  if (thrown instanceof FailureError && thrown.failure.code === "prepared-invalid") return undefined;
  throw thrown;
}

/** One view of the size that each of an HD model's views has, as the same family's other models see it. */
const standardDefinition = (vision: VisionConfig): VisionConfig => ({
  ...vision,
  imageSizeAux: vision.imageSizeAux / vision.imageGrid,
  imageGrid: 1,
  imageGlobal: false,
});

/** Identifies the files that hold the tensors, by names, sizes and times, which cost nothing to read, and the way they are used. */
async function fingerprint(
  checkpoint: Checkpoint,
  { lowResolution, highResolution }: Encoders,
  way: string,
): Promise<string> {
  const hash = createHash("sha256").update(String(builderVersion)).update(way);
  for (const { names, get } of [checkpoint, lowResolution.checkpoint, highResolution.checkpoint].map(bindGet)) {
    const files = new Set(names.flatMap((name) => get(name)?.file ?? []));
    for (const file of [...files].sort()) {
      const { size, mtimeMs } = await stat(file);
      hash.update(`\n${file}\n${size}\n${mtimeMs}`);
    }
  }
  return hash.digest("hex");
}

const bindGet = (checkpoint: Checkpoint): Pick<Checkpoint, "names" | "get"> => ({
  names: checkpoint.names,
  get: (name) => checkpoint.get(name),
});

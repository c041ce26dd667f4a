/**
 * Preparing: a published checkpoint becomes the networks that the runtime loads, once for each precision.
 *
 * Everything is written into a folder beside the final one, which is renamed into place when complete: an interrupted
 * preparation leaves nothing that could be mistaken for a model. Tensors stream through, so memory stays far below
 * the checkpoint's size.
 */
import { createHash, randomUUID } from "node:crypto";
import { copyFile, mkdir, readdir, rename, rm, stat, statfs, writeFile } from "node:fs/promises";
import path from "node:path";
import { FailureError, throwIfCancelled } from "../../shared/failure";
import type { LoadPart, Precision, PrepareParams, PrepareResult } from "../../shared/protocol";
import type { WeightJob } from "../graph/graph";
import type { ExternalData, Initializer } from "../graph/onnx";
import { readModelConfig } from "../model/config";
import { type Encoders, findEncoders } from "../model/encoders";
import { embeddingTable } from "../networks/decoder";
import type { StoredRows } from "../runtime/embedding-table";
import { openCheckpoint } from "../weights/checkpoint";
import type { Checkpoint, StoredTensor } from "../weights/tensor";
import { Weights } from "../weights/weights";
import { buildNetworks, visionManifest } from "./build-networks";
import { builderVersion, type Manifest, manifestName, readManifest } from "./prepared-model";
import { jobBytes, writeJobs, writeNetwork } from "./write-network";

export interface PrepareOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onPart?: ((part: LoadPart) => void) | undefined;
  /** Give the reference's intermediate values as outputs of the networks. */
  readonly intermediates?: boolean;
}

/** Published files that running needs as they are. */
const copiedFiles = [
  "tokenizer.json",
  "tokenizer.model",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "added_tokens.json",
  "generation_config.json",
];

/** Tensors of a checkpoint that no network uses, and rightly so. */
const unusedTensors = [/\.rotary_emb\.inv_freq$/, /^model\.vision_tower/, /position_ids$/, /^lm_head\.weight$/];

const embeddingBlock = 32;

/**
 * Prepares a checkpoint unless that has been done; a folder that is prepared already is taken as it is.
 *
 * @throws FailureError of the checkpoint (weights, config, encoders), of the disk, or `cancelled`.
 */
export async function prepareModel(params: PrepareParams, options: PrepareOptions = {}): Promise<PrepareResult> {
  const { model, preparedRoot, precision } = params;
  const shipped = await readManifest(model);
  if (shipped !== undefined) return { folder: model, bytes: totalBytes(shipped), wrote: false };

  const config = await readModelConfig(model);
  const checkpoint = await openCheckpoint(model);
  const encoders = await findEncoders(config, checkpoint, model, params.encoders);
  const source = await fingerprint(checkpoint, encoders);
  const name = path.basename(path.resolve(model));
  const variant = options.intermediates === true ? `${precision}-intermediates` : precision;
  const folder = path.join(preparedRoot, `${name}-${variant}-${source.slice(0, 12)}`);
  const existing = await readManifest(folder).catch(invalidIsAbsent);
  if (existing !== undefined) return { folder, bytes: totalBytes(existing), wrote: false };

  const weights = new Weights(checkpoint);
  const contextLength = Math.min(config.maxPositions, config.tokenizerModelMaxLength);
  const intermediates = options.intermediates === true;
  const graphs = buildNetworks(weights, config, encoders, { precision, contextLength, intermediates });
  const embeddings = embeddingJob(embeddingTable(weights, config), precision);
  refuseUnused(checkpoint, weights);

  const jobs = [...graphs.flatMap((graph) => graph.jobs), embeddings];
  const total = jobs.reduce((n, job) => n + jobBytes(job), 0);
  const temporary = path.join(preparedRoot, `.preparing-${randomUUID()}`);
  try {
    await mkdir(temporary, { recursive: true });
    await checkSpace(preparedRoot, total);
    let done = 0;
    const onWritten = (bytes: number): void => {
      done += bytes;
      options.onPart?.({ stage: "quantising", done, total });
    };
    const write = { signal: options.signal, onWritten };
    for (const graph of graphs) await writeNetwork(temporary, graph, write);
    const written = await writeJobs(temporary, "embeddings", [embeddings], write);
    for (const file of copiedFiles) await copyIfThere(path.join(model, file), path.join(temporary, file));
    const manifest: Manifest = {
      builderVersion,
      name,
      starter: config.starter,
      precision,
      source,
      contextLength,
      config,
      vision: visionManifest(config, encoders),
      embeddings: storedRows(embeddings, written),
      files: await fileSizes(temporary),
    };
    await writeFile(path.join(temporary, manifestName), JSON.stringify(manifest, undefined, 1));
    throwIfCancelled(options.signal);
    await rm(folder, { recursive: true, force: true });
    await rename(temporary, folder);
    return { folder, bytes: totalBytes(manifest), wrote: true };
  } catch (thrown) {
    await rm(temporary, { recursive: true, force: true });
    throw thrown;
  }
}

/** A prepared folder that is not whole is made anew. */
function invalidIsAbsent(thrown: unknown): undefined {
  if (thrown instanceof FailureError && thrown.failure.code === "prepared-invalid") return undefined;
  throw thrown;
}

function refuseUnused(checkpoint: Checkpoint, weights: Weights): void {
  const unused = weights.untaken().filter((name) => !unusedTensors.some((pattern) => pattern.test(name)));
  const [tensor] = unused;
  if (tensor === undefined) return;
  throw new FailureError({ code: "weight-unused", tensor, file: checkpoint.location, count: unused.length });
}

/** Identifies the files that hold the tensors: names, sizes and times, which cost nothing to read. */
async function fingerprint(checkpoint: Checkpoint, { lowResolution, highResolution }: Encoders): Promise<string> {
  const hash = createHash("sha256").update(String(builderVersion));
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

function embeddingJob(table: StoredTensor, precision: Precision): WeightJob {
  const [rows = 0, columns = 0] = table.dims;
  if (precision === "f32") {
    const outputs = [{ name: "embeddings", type: "float32", dims: [rows, columns] }] as const;
    return { tensors: [table], transform: { kind: "float32" }, outputs };
  }
  const blocks = Math.ceil(columns / embeddingBlock);
  return {
    tensors: [table],
    transform: { kind: "blocks", bits: 8, blockSize: embeddingBlock, symmetric: true },
    outputs: [
      { name: "embeddings.codes", type: "uint8", dims: [rows, blocks, embeddingBlock] },
      { name: "embeddings.scales", type: "float32", dims: [rows, blocks] },
    ],
  };
}

function storedRows({ tensors, transform }: WeightJob, [values, scales]: readonly Initializer[]): StoredRows {
  const [rows = 0, columns = 0] = tensors[0]?.dims ?? [];
  const location = (written: Initializer | undefined): { file: string; offset: number } => {
    const data = written?.data as ExternalData;
    return { file: data.location, offset: data.offset };
  };
  const base = { rows, columns, values: location(values) };
  if (transform.kind === "float32") return { ...base, kind: "float32", blockSize: columns };
  return { ...base, kind: "blocks", blockSize: embeddingBlock, scales: location(scales) };
}

async function copyIfThere(from: string, to: string): Promise<void> {
  try {
    await copyFile(from, to);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== "ENOENT") throw thrown;
  }
}

/** @throws FailureError `disk-full` before anything is written, where the file system can tell. */
async function checkSpace(folder: string, neededBytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const availableBytes = bavail * bsize;
  if (availableBytes < neededBytes) throw new FailureError({ code: "disk-full", folder, neededBytes, availableBytes });
}

async function fileSizes(folder: string): Promise<Record<string, number>> {
  const sizes: Record<string, number> = {};
  for (const name of (await readdir(folder)).sort()) sizes[name] = (await stat(path.join(folder, name))).size;
  return sizes;
}

const totalBytes = ({ files }: Manifest): number => Object.values(files).reduce((a, b) => a + b, 0);

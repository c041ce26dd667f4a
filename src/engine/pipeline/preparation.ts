/**
 * What preparing a checkpoint means: the networks to build, the jobs that fill them, and the folder that all of it
 * becomes. Where the tensors come from, and when, is the caller's.
 */
import { copyFile, readdir, rename, rm, stat, statfs, writeFile } from "node:fs/promises";
import path from "node:path";
import { FailureError } from "../../shared/failure";
import type { Precision, PrepareResult } from "../../shared/protocol";
import type { Graph, WeightJob } from "../graph/graph";
import type { ExternalData, Initializer } from "../graph/onnx";
import type { ModelConfig } from "../model/config";
import type { Encoders } from "../model/encoders";
import { embeddingTable } from "../networks/decoder";
import type { StoredRows } from "../runtime/embedding-table";
import type { Checkpoint, StoredTensor } from "../weights/tensor";
import { Weights } from "../weights/weights";
import { buildNetworks, visionManifest } from "./build-networks";
import { builderVersion, type Manifest, manifestName } from "./prepared-model";
import { jobBytes } from "./write-network";

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

export interface PreparationSource {
  /** Folder of config.json and the tokenizer. */
  readonly model: string;
  readonly config: ModelConfig;
  readonly checkpoint: Checkpoint;
  readonly encoders: Encoders;
  /** Identifies the published files. */
  readonly source: string;
  readonly preparedRoot: string;
  readonly precision: Precision;
  /** Give the reference's intermediate values as outputs of the networks. */
  readonly intermediates: boolean;
}

export interface Preparation extends PreparationSource {
  readonly name: string;
  /** Where the prepared model belongs. */
  readonly folder: string;
  readonly contextLength: number;
  readonly graphs: readonly Graph[];
  readonly embeddings: WeightJob;
  /** Bytes that the jobs write. */
  readonly bytes: number;
}

/** The prepared folder of a checkpoint, by name, precision and what identifies its files. */
export function preparedFolder(preparedRoot: string, name: string, variant: string, source: string): string {
  return path.join(preparedRoot, `${name}-${variant}-${source.slice(0, 12)}`);
}

/** @throws FailureError of tensors that are missing, of another shape, or of no use. */
export function planPreparation(from: PreparationSource): Preparation {
  const { model, config, checkpoint, encoders, precision, intermediates } = from;
  const name = path.basename(path.resolve(model));
  const variant = intermediates ? `${precision}-intermediates` : precision;
  const weights = new Weights(checkpoint);
  const contextLength = Math.min(config.maxPositions, config.tokenizerModelMaxLength);
  const graphs = buildNetworks(weights, config, encoders, { precision, contextLength, intermediates });
  const embeddings = embeddingJob(embeddingTable(weights, config), precision);
  refuseUnused(checkpoint, weights);
  const jobs = [...graphs.flatMap((graph) => graph.jobs), embeddings];
  return {
    ...from,
    name,
    folder: preparedFolder(from.preparedRoot, name, variant, from.source),
    contextLength,
    graphs,
    embeddings,
    bytes: jobs.reduce((n, job) => n + jobBytes(job), 0),
  };
}

/**
 * Completes a folder that holds all networks and moves it into place. The manifest is written last.
 *
 * @param embeddings where the outputs of the embeddings' job lie.
 */
export async function finishPreparation(
  preparation: Preparation,
  temporary: string,
  embeddings: readonly Initializer[],
): Promise<PrepareResult> {
  const { model, config, encoders, folder } = preparation;
  for (const file of copiedFiles) await copyIfThere(path.join(model, file), path.join(temporary, file));
  const manifest: Manifest = {
    builderVersion,
    name: preparation.name,
    starter: config.starter,
    precision: preparation.precision,
    source: preparation.source,
    contextLength: preparation.contextLength,
    config: { ...config, file: path.basename(config.file) },
    vision: visionManifest(config, encoders),
    embeddings: storedRows(preparation.embeddings, embeddings),
    files: await fileSizes(temporary),
  };
  await writeFile(path.join(temporary, manifestName), JSON.stringify(manifest, undefined, 1));
  await rm(folder, { recursive: true, force: true });
  await rename(temporary, folder);
  return { folder, bytes: totalBytes(manifest), wrote: true };
}

function refuseUnused(checkpoint: Checkpoint, weights: Weights): void {
  const unused = weights.untaken().filter((name) => !unusedTensors.some((pattern) => pattern.test(name)));
  const [tensor] = unused;
  if (tensor === undefined) return;
  throw new FailureError({ code: "weight-unused", tensor, file: checkpoint.location, count: unused.length });
}

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
export async function checkSpace(folder: string, neededBytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const availableBytes = bavail * bsize;
  if (availableBytes < neededBytes) throw new FailureError({ code: "disk-full", folder, neededBytes, availableBytes });
}

async function fileSizes(folder: string): Promise<Record<string, number>> {
  const sizes: Record<string, number> = {};
  for (const name of (await readdir(folder)).sort()) sizes[name] = (await stat(path.join(folder, name))).size;
  return sizes;
}

export const totalBytes = ({ files }: Manifest): number => Object.values(files).reduce((a, b) => a + b, 0);

/**
 * What quantising the language model costs: perplexity, and the divergence of its predictions from the exact ones.
 *
 *   npx tsx bench/quantisation.ts CHECKPOINT [ENCODERS]
 *
 * The text (held-out.txt) was written for this measurement, so no model has been trained on it. Divergence is
 * KL(exact ‖ quantised) per token in nats; "same" is how often both find the same token most likely.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { Graph } from "../src/engine/graph/graph";
import type { LinearFormat } from "../src/engine/graph/layers";
import { readModelConfig } from "../src/engine/model/config";
import type { DecoderConfig } from "../src/engine/model/decoder-config";
import { decoder, embeddingTable } from "../src/engine/networks/decoder";
import { cachedHeadSize } from "../src/engine/networks/decoder-parts";
import { writeJobs, writeNetwork } from "../src/engine/pipeline/write-network";
import { EmbeddingTable } from "../src/engine/runtime/embedding-table";
import { LanguageModel } from "../src/engine/runtime/language-model";
import { Network } from "../src/engine/runtime/network";
import { onnxruntime } from "../src/engine/runtime/onnxruntime";
import { loadTokenizer } from "../src/engine/text/tokenizer";
import { openCheckpoint } from "../src/engine/weights/checkpoint";
import { Weights } from "../src/engine/weights/weights";

interface Candidate {
  readonly name: string;
  readonly format: LinearFormat;
  readonly headFormat: LinearFormat;
}

const blocks = (bits: 4 | 8, blockSize: 32 | 64 | 128, symmetric: boolean): LinearFormat => ({
  kind: "blocks",
  bits,
  blockSize,
  symmetric,
});
const exact: Candidate = { name: "f32", format: { kind: "float32" }, headFormat: { kind: "float32" } };
const int8 = blocks(8, 32, true);
const candidates: readonly Candidate[] = [
  { name: "int8 block 32", format: int8, headFormat: int8 },
  { name: "int4 block 32, zero points, head int8", format: blocks(4, 32, false), headFormat: int8 },
  { name: "int4 block 32, head int8", format: blocks(4, 32, true), headFormat: int8 },
  { name: "int4 block 64, head int8", format: blocks(4, 64, true), headFormat: int8 },
  { name: "int4 block 32", format: blocks(4, 32, true), headFormat: blocks(4, 32, true) },
  { name: "int4 block 64", format: blocks(4, 64, true), headFormat: blocks(4, 64, true) },
];

/** Positions run at once. */
const chunk = 64;
const contextLength = 2048;

async function main(folder: string): Promise<void> {
  const config = await readModelConfig(folder);
  const checkpoint = await openCheckpoint(folder);
  const tokenizer = await loadTokenizer(folder);
  const text = readFileSync(path.join(import.meta.dirname, "held-out.txt"), "utf8");
  const ids = tokenizer.encode(text, { plain: true }).slice(0, contextLength);
  const scratch = mkdtempSync(path.join(os.tmpdir(), "mini-gemini-quantisation-"));
  try {
    const table = embeddingTable(new Weights(checkpoint), config);
    const job = {
      tensors: [table],
      transform: { kind: "float32" },
      outputs: [{ name: "embeddings", type: "float32", dims: table.dims }],
    } as const;
    await writeJobs(scratch, "embeddings", [job], {});
    const values = { file: "embeddings-00001.bin", offset: 0 };
    const [rows = 0, columns = 0] = table.dims;
    const embeddings = new EmbeddingTable(scratch, { kind: "float32", rows, columns, blockSize: columns, values });
    const predict = (candidate: Candidate): Promise<Prediction> =>
      predictions(
        path.join(scratch, "decoder"),
        candidate,
        config,
        new Weights(checkpoint),
        (some) => embeddings.rows(some),
        ids,
      );

    process.stdout.write(`${path.basename(folder)}, ${ids.length} tokens\n`);
    process.stdout.write("| weights | perplexity | KL | same | MiB |\n|---|---|---|---|---|\n");
    const reference = await predict(exact);
    report(exact.name, reference, reference, ids);
    for (const candidate of candidates) report(candidate.name, await predict(candidate), reference, ids);
    embeddings.dispose();
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

interface Prediction {
  /** Log-probabilities [V] of what follows each token. */
  readonly rows: readonly Float32Array[];
  readonly bytes: number;
}

async function predictions(
  folder: string,
  { format, headFormat }: Candidate,
  config: DecoderConfig,
  weights: Weights,
  rowsOf: (ids: readonly number[]) => Float32Array,
  ids: readonly number[],
): Promise<Prediction> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  const graph = new Graph("decoder");
  decoder(graph, weights, config, { format, headFormat, contextLength });
  await writeNetwork(folder, graph, {});
  const bytes = readdirSync(folder).reduce((n, file) => n + statSync(path.join(folder, file)).size, 0);
  const network = await Network.open(folder, "decoder", { device: "cpu", threads: 0 });
  const { layers, keyValueHeads, hiddenSize, vocabularySize } = config;
  const headSize = cachedHeadSize(config.headSize);
  const model = new LanguageModel(network, await onnxruntime(), {
    layers,
    keyValueHeads,
    headSize,
    hiddenSize,
    vocabularySize,
  });
  const rows: Float32Array[] = [];
  for (let begin = 0; begin < ids.length; begin += chunk) {
    const some = ids.slice(begin, begin + chunk);
    for (const logits of await model.run({ identities: some, embeddings: rowsOf(some) }, some.length)) {
      rows.push(logProbabilities(logits));
    }
  }
  await model.dispose();
  return { rows, bytes };
}

function logProbabilities(logits: Float32Array): Float32Array {
  let largest = -Infinity;
  for (const value of logits) largest = Math.max(largest, value);
  let sum = 0;
  for (const value of logits) sum += Math.exp(value - largest);
  const total = largest + Math.log(sum);
  return logits.map((value) => value - total);
}

function report(name: string, { rows, bytes }: Prediction, reference: Prediction, ids: readonly number[]): void {
  let negative = 0;
  let divergence = 0;
  let same = 0;
  for (const [index, row] of rows.slice(0, -1).entries()) {
    const other = reference.rows[index] ?? row;
    negative -= row[ids[index + 1] ?? 0] ?? 0;
    let best = 0;
    let otherBest = 0;
    for (const [id, value] of row.entries()) {
      const exactValue = other[id] ?? 0;
      divergence += Math.exp(exactValue) * (exactValue - value);
      if (value > (row[best] ?? 0)) best = id;
      if (exactValue > (other[otherBest] ?? 0)) otherBest = id;
    }
    if (best === otherBest) same++;
  }
  const count = rows.length - 1;
  const figures = [
    Math.exp(negative / count).toFixed(2),
    (divergence / count).toFixed(4),
    `${((100 * same) / count).toFixed(1)} %`,
  ];
  process.stdout.write(`| ${name} | ${figures.join(" | ")} | ${(bytes / 2 ** 20).toFixed(0)} |\n`);
}

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error("usage: npx tsx bench/quantisation.ts CHECKPOINT");
main(folder).catch((thrown: unknown) => {
  console.error(thrown);
  process.exitCode = 1;
});

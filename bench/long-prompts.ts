/**
 * Whether prompts read layer by layer give the same predictions: perplexity, and the divergence of what the network
 * predicts behind such a prompt from what it predicts behind one that it read itself.
 *
 *   npx tsx bench/long-prompts.ts PREPARED
 *
 * PREPARED is a prepared folder in int4, such as media/starter. The text is that of quantisation.ts. Of each chunk of
 * positions all that stand before it were read in either way; the chunk itself is the network's, as an answer is.
 */
import { readFileSync } from "node:fs";
import path from "node:path";
import { openTokenizer } from "../src/engine/pipeline/open-tokenizer";
import { networkNames, readManifest } from "../src/engine/pipeline/prepared-model";
import { cachedHeadSize } from "../src/engine/networks/decoder-parts";
import { EmbeddingTable } from "../src/engine/runtime/embedding-table";
import { LanguageModel } from "../src/engine/runtime/language-model";
import { Network } from "../src/engine/runtime/network";
import { onnxruntime } from "../src/engine/runtime/onnxruntime";
import { PromptReader } from "../src/engine/runtime/prompt-reader";

/** Short, because positions of one chunk see each other as the network read them. */
const chunk = 16;

async function main(folder: string): Promise<void> {
  const manifest = await readManifest(folder);
  if (manifest === undefined) throw new Error(`${folder} is no prepared folder`);
  const { config, contextLength, embeddings } = manifest;
  const tokenizer = await openTokenizer(folder, config.vocabularySize);
  const text = readFileSync(path.join(import.meta.dirname, "held-out.txt"), "utf8");
  const ids = tokenizer.encode(text, { plain: true }).slice(0, contextLength);
  const table = new EmbeddingTable(folder, embeddings);
  const name = networkNames.decoder;
  const network = await Network.open(folder, name, { device: "cpu", threads: 0 });
  const shape = { ...config, headSize: cachedHeadSize(config.headSize) };
  const model = new LanguageModel(network, await onnxruntime(), shape);
  const reader = await PromptReader.of({ folder, name, config, contextLength, threads: 0 });
  if (reader === undefined) throw new Error("its matrices cannot be unpacked");

  /** Log-probabilities of what follows each position, last chunk first: a chunk's own run overwrites what was read. */
  const predict = async (): Promise<Float32Array[]> => {
    const rows: Float32Array[] = [];
    for (let begin = Math.floor((ids.length - 1) / chunk) * chunk; begin >= 0; begin -= chunk) {
      const identities = ids.slice(begin, begin + chunk);
      model.cache.truncate(begin);
      const logits = await model.run({ identities, embeddings: table.rows(identities) }, identities.length);
      rows.unshift(...logits.map(logProbabilities));
    }
    return rows;
  };
  await model.run({ identities: ids, embeddings: table.rows(ids) });
  const expected = await predict();
  model.cache.truncate(0);
  await reader.read(ids, table.rows(ids), model.cache);
  const found = await predict();
  compare(ids, expected, found);
  await model.dispose();
  table.dispose();
}

function logProbabilities(logits: Float32Array): Float32Array {
  let largest = -Infinity;
  for (const value of logits) largest = Math.max(largest, value);
  let sum = 0;
  for (const value of logits) sum += Math.exp(value - largest);
  const total = largest + Math.log(sum);
  return logits.map((value) => value - total);
}

const argmax = (values: Float32Array): number => values.reduce((best, v, i) => (v > (values[best] ?? 0) ? i : best), 0);

function compare(ids: readonly number[], expected: readonly Float32Array[], found: readonly Float32Array[]): void {
  const count = ids.length - 1;
  const perplexity = (rows: readonly Float32Array[]): string =>
    Math.exp(-ids.slice(1).reduce((n, id, i) => n + (rows[i]?.[id] ?? 0), 0) / count).toFixed(2);
  let divergence = 0;
  let same = 0;
  for (const [index, row] of expected.slice(0, -1).entries()) {
    const other = found[index] ?? row;
    row.forEach((value, id) => (divergence += Math.exp(value) * (value - (other[id] ?? 0))));
    if (argmax(row) === argmax(other)) same++;
  }
  console.log(`${count} tokens: perplexity ${perplexity(expected)} and ${perplexity(found)} (read layer by layer)`);
  console.log(`KL ${(divergence / count).toFixed(4)}, same ${((100 * same) / count).toFixed(1)} %`);
}

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error("usage: npx tsx bench/long-prompts.ts PREPARED");
main(folder).catch((thrown: unknown) => {
  console.error(thrown);
  process.exitCode = 1;
});

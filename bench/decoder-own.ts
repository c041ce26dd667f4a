/** This project's decoder with random weights of Gemma-2B's shape, int4 as the product keeps it. */
import { existsSync } from "node:fs";
import path from "node:path";
import { Graph } from "../src/engine/graph/graph";
import type { DecoderConfig } from "../src/engine/model/decoder-config";
import { decoder } from "../src/engine/networks/decoder";
import { LanguageModel } from "../src/engine/runtime/language-model";
import { Network } from "../src/engine/runtime/network";
import { onnxruntime } from "../src/engine/runtime/onnxruntime";
import { RandomWeights, writeRandomNetwork } from "./random-network";
import { decodeTokens, median, promptTokens, type Round, serveRounds } from "./side";

const gemma2b: DecoderConfig = {
  family: "gemma",
  hiddenSize: 2048,
  intermediateSize: 16_384,
  layers: 18,
  heads: 8,
  keyValueHeads: 1,
  headSize: 256,
  vocabularySize: 256_000,
  rmsNormEpsilon: 1e-6,
  ropeTheta: 10_000,
  activation: "gelu",
  tiedEmbeddings: true,
};

async function main(folder: string): Promise<void> {
  if (!existsSync(path.join(folder, "decoder.onnx"))) {
    const graph = new Graph("decoder");
    const format = { kind: "blocks", bits: 4, blockSize: 64, symmetric: true } as const;
    decoder(graph, new RandomWeights().weights, gemma2b, { format, headFormat: format, contextLength: 2048 });
    await writeRandomNetwork(folder, graph);
  }
  const network = await Network.open(folder, "decoder", { device: "cpu", threads: 0 });
  const model = new LanguageModel(network, await onnxruntime(), gemma2b);
  const embeddings = (count: number): Float32Array =>
    Float32Array.from({ length: count * gemma2b.hiddenSize }, (_, i) => Math.sin(i * 1.7) * 0.05);
  const positions = (count: number): Parameters<LanguageModel["run"]>[0] => ({
    identities: Array.from({ length: count }, (_, i) => i),
    embeddings: embeddings(count),
  });
  serveRounds(async (): Promise<Round> => {
    model.cache.truncate(0);
    const prompt = positions(promptTokens);
    let started = performance.now();
    await model.prefill(prompt);
    const prefill = (promptTokens / (performance.now() - started)) * 1000;
    const steps: number[] = [];
    const one = positions(1);
    for (let step = 0; step < decodeTokens; step++) {
      started = performance.now();
      await model.run(one);
      steps.push(performance.now() - started);
    }
    return { prefill, decode: 1000 / median(steps), residentBytes: process.memoryUsage.rss() };
  });
}

main(process.argv[2] ?? "").catch((thrown: unknown) => {
  console.error(thrown);
  process.exitCode = 1;
});

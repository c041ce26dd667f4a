/** This project's decoder with random weights of Gemma-2B's shape, int4 as the product keeps it. */
import { existsSync } from "node:fs";
import path from "node:path";
import { Graph } from "../src/engine/graph/graph";
import type { DecoderConfig } from "../src/engine/model/decoder-config";
import { decoder } from "../src/engine/networks/decoder";
import { LanguageModel } from "../src/engine/runtime/language-model";
import { PromptReader } from "../src/engine/runtime/prompt-reader";
import { Network } from "../src/engine/runtime/network";
import { onnxruntime } from "../src/engine/runtime/onnxruntime";
import { RandomWeights, writeRandomNetwork } from "./random-network";
import { cpuMilliseconds, median, memory, serveRounds } from "./side";

const contextLength = 2048;

const gemma2b = (layers: number): DecoderConfig => ({
  family: "gemma",
  hiddenSize: 2048,
  intermediateSize: 16_384,
  layers,
  heads: 8,
  keyValueHeads: 1,
  headSize: 256,
  vocabularySize: 256_000,
  rmsNormEpsilon: 1e-6,
  ropeTheta: 10_000,
  activation: "gelu",
  tiedEmbeddings: true,
});

/** @param readsAhead whether long prompts are read layer by layer, as where that is faster. */
async function main(folder: string, layers: number, readsAhead: boolean): Promise<void> {
  const config = gemma2b(layers);
  if (!existsSync(path.join(folder, "decoder.onnx"))) {
    const graph = new Graph("decoder");
    const format = { kind: "blocks", bits: 4, blockSize: 64, symmetric: true } as const;
    decoder(graph, new RandomWeights().weights, config, { format, headFormat: format, contextLength });
    await writeRandomNetwork(folder, graph);
  }
  const opened = performance.now();
  const network = await Network.open(folder, "decoder", { device: "cpu", threads: 0 });
  const reader = await PromptReader.of({ folder, name: "decoder", config, contextLength, threads: 0 });
  const longPrompts = readsAhead && reader !== undefined ? { reader, from: 64 } : undefined;
  const model = new LanguageModel(network, await onnxruntime(), config, { longPrompts });
  const loadSeconds = (performance.now() - opened) / 1000;
  const embeddings = (count: number): Float32Array =>
    Float32Array.from({ length: count * config.hiddenSize }, (_, i) => Math.sin(i * 1.7) * 0.05);
  const positions = (count: number): Parameters<LanguageModel["run"]>[0] => ({
    identities: Array.from({ length: count }, (_, i) => i),
    embeddings: embeddings(count),
  });
  serveRounds({ loadSeconds }, async ({ prompt, decode }) => {
    model.cache.truncate(0);
    const read = positions(prompt);
    let cpu = process.cpuUsage();
    let started = performance.now();
    await model.prefill(read);
    const prefill = (prompt / (performance.now() - started)) * 1000;
    const prefillCpu = cpuMilliseconds(cpu) / prompt;
    const steps: number[] = [];
    const one = positions(1);
    cpu = process.cpuUsage();
    for (let step = 0; step < decode; step++) {
      started = performance.now();
      await model.run(one);
      steps.push(performance.now() - started);
    }
    const decodeCpu = cpuMilliseconds(cpu) / decode;
    return { prefill, decode: 1000 / median(steps), prefillCpu, decodeCpu, ...memory() };
  });
}

const [, , folder = "", layers = "18", reading = "layers"] = process.argv;
main(folder, Number(layers), reading === "layers").catch((thrown: unknown) => {
  console.error(thrown);
  process.exitCode = 1;
});

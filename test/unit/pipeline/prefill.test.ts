/** Reading a long prompt with a large model: stopped within a second, and the same whatever the chunks. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, describe, test, type TestContext } from "node:test";
import { setTimeout } from "node:timers/promises";
import { RandomWeights, writeRandomNetwork } from "../../../bench/random-network";
import { Graph } from "../../../src/engine/graph/graph";
import type { DecoderConfig } from "../../../src/engine/model/decoder-config";
import { decoder } from "../../../src/engine/networks/decoder";
import { LanguageModel, type LongPrompts, type Positions } from "../../../src/engine/runtime/language-model";
import { Network } from "../../../src/engine/runtime/network";
import { onnxruntime } from "../../../src/engine/runtime/onnxruntime";
import { PromptReader } from "../../../src/engine/runtime/prompt-reader";

const folder = mkdtempSync(path.join(os.tmpdir(), "mini-gemini-prefill-"));
after(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Gemma-2B's width; four layers with half its inner width, and few tokens, to save the disk. */
const config: DecoderConfig = {
  family: "gemma",
  hiddenSize: 2048,
  intermediateSize: 8192,
  layers: 4,
  heads: 8,
  keyValueHeads: 1,
  headSize: 256,
  vocabularySize: 1024,
  rmsNormEpsilon: 1e-6,
  ropeTheta: 10_000,
  activation: "gelu",
  tiedEmbeddings: true,
};

const prompt = (length: number): Positions => ({
  identities: Array.from({ length }, (_, index) => index),
  embeddings: Float32Array.from({ length: length * config.hiddenSize }, (_, i) => Math.sin(i * 1.7) * 0.05),
});

async function openModel(options: ConstructorParameters<typeof LanguageModel>[3]): Promise<LanguageModel> {
  const network = await Network.open(folder, "decoder", { device: "cpu", threads: 1 });
  return new LanguageModel(network, await onnxruntime(), config, options);
}

async function longPrompts(): Promise<LongPrompts> {
  const reader = await PromptReader.of({ folder, name: "decoder", config, contextLength: 4096, threads: 1 });
  assert.ok(reader !== undefined);
  return { reader, from: 1 };
}

describe("prefill", async () => {
  const graph = new Graph("decoder");
  const format = { kind: "blocks", bits: 4, blockSize: 64, symmetric: true } as const;
  decoder(graph, new RandomWeights().weights, config, { format, headFormat: format, contextLength: 4096 });
  await writeRandomNetwork(folder, graph);

  for (const layered of [false, true]) {
    test(`a cancel is obeyed within a second, ${layered ? "layer by layer" : "in chunks"}`, async (context) => {
      await cancel(context, await openModel({ longPrompts: layered ? await longPrompts() : undefined }));
    });
  }

  async function cancel(context: TestContext, model: LanguageModel): Promise<void> {
    const waits: number[] = [];
    // From the first chunk on, whose size nothing is known for yet, to those that have found their size.
    for (const milliseconds of [50, 1000, 2000]) {
      model.cache.truncate(0);
      const stop = new AbortController();
      const reading = model.prefill(prompt(3000), { signal: stop.signal });
      const failed = assert.rejects(reading, { failure: { code: "cancelled" } });
      const from = performance.now() + milliseconds;
      await setTimeout(milliseconds);
      stop.abort();
      await failed;
      waits.push(performance.now() - from);
    }
    await model.dispose();
    context.diagnostic(`waited ${waits.map((wait) => wait.toFixed(0)).join(", ")} ms`);
    // A machine that does other work at the same time may hold one of them up.
    const [, middle = Infinity] = [...waits].sort((a, b) => a - b);
    assert.ok(middle < 1000, `waited ${String(waits)} ms`);
  }

  test("chunks of any size give the same logits", async () => {
    const found: Float32Array[] = [];
    for (const largestChunk of [undefined, 5]) {
      const model = await openModel({ largestChunk });
      found.push(Float32Array.from(await model.prefill(prompt(40))));
      await model.dispose();
    }
    const [one = [], other = []] = found;
    const largest = Math.max(...one.map(Math.abs));
    assert.ok(largest > 0);
    for (const [index, value] of one.entries()) {
      assert.ok(Math.abs(value - (other[index] ?? NaN)) <= 1e-3 * largest, `logit ${index}`);
    }
  });
});

/** Long prompts read layer by layer: what the network itself would have made of them, whatever the stretches. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { describe, test } from "node:test";
import { cachedHeadSize } from "../../../src/engine/networks/decoder-parts";
import { networkNames, readManifest } from "../../../src/engine/pipeline/prepared-model";
import { chooseReading } from "../../../src/engine/runtime/choose-reading";
import { recallDevices, rememberDevice } from "../../../src/engine/runtime/device-memory";
import { EmbeddingTable } from "../../../src/engine/runtime/embedding-table";
import { LanguageModel, type Positions } from "../../../src/engine/runtime/language-model";
import { Network } from "../../../src/engine/runtime/network";
import { onnxruntime } from "../../../src/engine/runtime/onnxruntime";
import { PromptReader } from "../../../src/engine/runtime/prompt-reader";

describe("prompts read layer by layer", async () => {
  const folder = path.join(import.meta.dirname, "../../../media/starter");
  const manifest = await readManifest(folder);
  assert.ok(manifest !== undefined);
  const { config, contextLength, embeddings } = manifest;
  const name = networkNames.decoder;
  const table = new EmbeddingTable(folder, embeddings);
  const reader = await PromptReader.of({ folder, name, config, contextLength, threads: 1 });
  assert.ok(reader !== undefined);
  const longPrompts = { reader, from: 1 };
  const shape = { ...config, headSize: cachedHeadSize(config.headSize) };
  const ids = Array.from({ length: 150 }, (_, i) => 1000 + ((i * 7919) % 20_000));
  const positions = (begin: number, end: number): Positions => {
    const identities = ids.slice(begin, end);
    return { identities, embeddings: table.rows(identities) };
  };

  async function open(options: ConstructorParameters<typeof LanguageModel>[3]): Promise<LanguageModel> {
    const network = await Network.open(folder, name, { device: "cpu", threads: 1 });
    return new LanguageModel(network, await onnxruntime(), shape, options);
  }

  /** Root of the mean square of the difference, of that of what is expected. */
  function difference(expected: Float32Array, found: Float32Array): number {
    let [squares, all] = [0, 0];
    for (const [index, value] of expected.entries()) {
      squares += (value - (found[index] ?? NaN)) ** 2;
      all += value ** 2;
    }
    return Math.sqrt(squares / all);
  }

  test("give the network's logits, to the rounding of activations", async (context) => {
    const [plain, layered] = [await open({}), await open({ longPrompts })];
    const expected = Float32Array.from(await plain.prefill(positions(0, ids.length)));
    const progress: number[] = [];
    const onProgress = (done: number): number => progress.push(done);
    const found = await layered.prefill(positions(0, ids.length), { onProgress });
    assert.equal(layered.cache.length, ids.length);
    const off = difference(expected, found);
    context.diagnostic(`logits differ by ${(100 * off).toFixed(1)} %`);
    assert.ok(off < 0.05, `logits differ by ${off}`);
    assert.equal(progress.length, config.layers + 1);
    assert.equal(progress.at(-1), ids.length);
    await Promise.all([plain.dispose(), layered.dispose()]);
  });

  test("are the same behind positions that the cache holds", async () => {
    const model = await open({ longPrompts });
    const expected = Float32Array.from(await model.prefill(positions(0, ids.length)));
    model.cache.truncate(60);
    const found = await model.prefill(positions(60, ids.length));
    assert.ok(difference(expected, found) < 1e-3);
    await model.dispose();
  });

  test("a cancel leaves the cache as it was", async () => {
    const model = await open({ longPrompts });
    await model.prefill(positions(0, 20));
    const stop = new AbortController();
    const reading = model.prefill(positions(20, ids.length), {
      signal: stop.signal,
      onProgress: () => {
        stop.abort();
      },
    });
    await assert.rejects(reading, { failure: { code: "cancelled" } });
    assert.equal(model.cache.length, 20);
    await model.dispose();
  });

  test("are timed once, and the choice is remembered beside the device", async () => {
    const scratch = mkdtempSync(path.join(os.tmpdir(), "mini-gemini-reading-"));
    try {
      const memory = path.join(scratch, "devices.json");
      const network = await Network.open(folder, name, { device: "cpu", threads: 1 });
      const trial = { network, shape, reader };
      await rememberDevice(memory, "model", { device: "cpu", fatal: ["webgpu"] });
      await chooseReading(memory, "model", trial);
      const { model } = await recallDevices(memory);
      assert.ok(Number.isInteger(model?.longFrom));
      assert.deepEqual(model?.fatal, ["webgpu"]);
      for (const [longFrom, expected] of [
        [0, undefined],
        [77, { reader, from: 77 }],
      ] as const) {
        await rememberDevice(memory, "model", { device: "cpu", longFrom });
        assert.deepEqual(await chooseReading(memory, "model", trial), expected);
      }
      await network.dispose();
    } finally {
      rmSync(scratch, { recursive: true });
    }
  });

  test("are timed at each load where the choice cannot be written", async () => {
    const scratch = mkdtempSync(path.join(os.tmpdir(), "mini-gemini-reading-"));
    try {
      const file = path.join(scratch, "file");
      writeFileSync(file, "");
      const network = await Network.open(folder, name, { device: "cpu", threads: 1 });
      const chosen = await chooseReading(path.join(file, "devices.json"), "model", { network, shape, reader });
      assert.ok(chosen === undefined || chosen.from > 0);
      await network.dispose();
    } finally {
      rmSync(scratch, { recursive: true });
    }
  });
});

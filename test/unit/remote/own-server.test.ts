/** Both directions together: an engine whose answers come from this engine's own server, images included. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { Engine } from "../../../src/engine/pipeline/engine";
import type { ExplainParams, LoadParams } from "../../../src/shared/protocol";
import { serve, token } from "../serve/serving";
import { failureFrom, question } from "./other-server";

const root = path.join(import.meta.dirname, "../../..");
const golden = path.join(root, "test/golden/fixtures/mgm");
const newEngine = (): Engine => new Engine({ ocrFolder: path.join(root, "media/ocr") });
const never = (): { signal: AbortSignal; part: () => void } => ({
  signal: new AbortController().signal,
  part: () => undefined,
});

test("the answer is the same as without a server between", async (t) => {
  const folder = await mkdtemp(path.join(os.tmpdir(), "mini-gemini-own-server-"));
  const near = newEngine();
  const far = newEngine();
  t.after(async () => {
    await far.handlers.unload({}, never());
    await rm(folder, { recursive: true });
  });
  const load: LoadParams = {
    model: path.join(golden, "checkpoints/MGM-2B"),
    encoders: path.join(golden, "encoders"),
    precision: "f32",
    preparedRoot: path.join(folder, "prepared"),
    device: "cpu",
    threads: 1,
  };
  const defaults = { sampling: { maxTokens: 9, temperature: 0 }, ocr: false };
  const service = { model: "MGM-2B", load, defaults, bodyLimit: 10_000_000 };
  const { port } = await serve(t, far.handlers, { service });
  const image = async (name: string): Promise<{ name: string; data: { kind: "bytes"; bytes: Uint8Array } }> => ({
    ...{ name, data: { kind: "bytes", bytes: await readFile(path.join(golden, "images", name)) } },
  });
  const params: ExplainParams = {
    ...question(""),
    ocr: false,
    turns: [
      { role: "user", text: "What is this?", images: [await image("landscape_320x240.png")] },
      { role: "assistant", text: "A landscape." },
      { role: "user", text: "And its colours?", images: [] },
    ],
  };
  const sampled = { ...params, sampling: { ...params.sampling, temperature: 0.8, maxTokens: 16 } };

  await far.handlers.load(load, never());
  const expected = await far.handlers.explain(sampled, never());
  assert.ok(expected.text.length > 3);
  const server = { url: `http://127.0.0.1:${port}`, model: "", token, sendImages: true, timeoutSeconds: 60 };
  const loaded = await near.handlers.load({ ...load, server }, never());
  assert.deepEqual([loaded.name, loaded.server], ["MGM-2B", `127.0.0.1:${port}`]);
  const found = await near.handlers.explain(sampled, never());
  assert.deepEqual(
    [found.text, found.tokens, found.promptTokens, found.stopped],
    [expected.text, expected.tokens, expected.promptTokens, expected.stopped],
  );

  const wrong = { ...load, server: { ...server, token: "wrong" } };
  assert.deepEqual(await failureFrom(near.handlers.load(wrong, never())), {
    ...{ code: "server-unauthorised", server: `127.0.0.1:${port}`, status: 401 },
  });
  const missing = { ...load, server: { ...server, model: "gpt-4o" } };
  await near.handlers.load(missing, never());
  assert.deepEqual(await failureFrom(near.handlers.explain(sampled, never())), {
    ...{ code: "server-model-missing", server: `127.0.0.1:${port}`, model: "gpt-4o" },
  });
});

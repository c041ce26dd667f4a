/** The server over the real engine with a small published-layout checkpoint, in process and from the command line. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import os from "node:os";
import { createServer, type AddressInfo } from "node:net";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { after, before, test } from "node:test";
import { Engine } from "../../../src/engine/pipeline/engine";
import { FailureError } from "../../../src/shared/failure";
import type { ExplainParams, LoadParams } from "../../../src/shared/protocol";
import { errorOf, eventsOf, serve, type Served } from "./serving";

const root = path.join(import.meta.dirname, "../../..");
const golden = path.join(root, "test/golden/fixtures/mgm");
const engine = new Engine({ ocrFolder: path.join(root, "media/ocr") });
let folder = "";
let load: LoadParams;

before(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "mini-gemini-serve-"));
  load = {
    model: path.join(golden, "checkpoints/MGM-2B"),
    encoders: path.join(golden, "encoders"),
    precision: "f32",
    preparedRoot: path.join(folder, "prepared"),
    device: "cpu",
    threads: 1,
  };
});

after(async () => {
  await engine.handlers.unload({}, never());
  await rm(folder, { recursive: true });
});

const never = (): { signal: AbortSignal; part: () => void } => ({
  signal: new AbortController().signal,
  part: () => undefined,
});

const start = (t: Parameters<typeof serve>[0]): Promise<Served> =>
  serve(t, engine.handlers, { service: { model: "MGM-2B", load, bodyLimit: 10_000_000 } });

async function question(): Promise<{ readonly body: object; readonly params: ExplainParams }> {
  const bytes = await readFile(path.join(golden, "images/landscape_320x240.png"));
  const url = `data:image/png;base64,${bytes.toString("base64")}`;
  const text = "What is in this image?";
  const content = [
    { type: "text", text },
    { type: "image_url", image_url: { url } },
  ];
  const sampling = { maxTokens: 12, temperature: 0.9, topP: 0.9, topK: 0, repetitionPenalty: 1, seed: 3 };
  return {
    body: {
      model: "MGM-2B",
      messages: [{ role: "user", content }],
      temperature: 0.9,
      top_p: 0.9,
      seed: 3,
      max_tokens: 12,
    },
    params: {
      turns: [{ role: "user", text, images: [{ name: "x", data: { kind: "bytes", bytes } }] }],
      sampling,
      ocr: true,
    },
  };
}

interface Completion {
  readonly choices: readonly [
    {
      readonly message: { readonly content: string };
      readonly delta: { readonly content?: string };
      readonly finish_reason: string;
    },
  ];
  readonly usage: { readonly prompt_tokens: number; readonly completion_tokens: number };
}

test("an answer over HTTP is the engine's own, streamed or not", async (t) => {
  const { chat } = await start(t);
  const { body, params } = await question();
  const whole = (await (await chat(body)).json()) as Completion;
  const expected = await engine.handlers.explain(params, never());
  assert.ok(expected.text.length > 3);
  assert.equal(whole.choices[0].message.content, expected.text);
  assert.equal(whole.choices[0].finish_reason, expected.stopped === "length" ? "length" : "stop");
  assert.deepEqual(
    [whole.usage.prompt_tokens, whole.usage.completion_tokens],
    [expected.promptTokens, expected.tokens],
  );
  const events = await eventsOf(await chat({ ...body, stream: true }));
  const words = events.slice(0, -1).map((data) => (JSON.parse(data) as Completion).choices[0].delta.content ?? "");
  assert.equal(words.join("").trim(), expected.text);
});

test("a stop text ends the answer before it", async (t) => {
  const { chat } = await start(t);
  const { body, params } = await question();
  const { text } = await engine.handlers.explain(params, never());
  const stop = text.slice(2, 4);
  const answer = (await (await chat({ ...body, stop })).json()) as Completion;
  assert.equal(answer.choices[0].message.content, text.slice(0, text.indexOf(stop)).trim());
  assert.equal(answer.choices[0].finish_reason, "stop");
});

test("an image that cannot be read is the request's fault, streamed too", async (t) => {
  const { chat } = await start(t);
  const url = `data:image/png;base64,${Buffer.from("\x89PNG\r\n\x1a\nnothing", "latin1").toString("base64")}`;
  const messages = [{ role: "user", content: [{ type: "image_url", image_url: { url } }] }];
  for (const stream of [false, true]) {
    const error = await errorOf(await chat({ messages, stream }));
    assert.deepEqual([error.status, error.code], [400, "image-damaged"]);
    assert.match(error.message, /image 1/);
  }
  const long = await errorOf(
    await chat({ messages: [{ role: "user", content: "word ".repeat(20_000) }], stream: true }),
  );
  assert.deepEqual([long.status, long.code], [400, "prompt-too-long"]);
});

test("a request that is cancelled while it waits leaves the queue at once", async () => {
  const { params } = await question();
  const leave = new AbortController();
  const order: string[] = [];
  await engine.handlers.load(load, never());
  const first = engine.handlers.explain(params, never()).then(() => order.push("answered"));
  const second = engine.handlers.explain(params, { ...never(), signal: leave.signal });
  const left = assert.rejects(second, (error) => {
    order.push("left");
    return error instanceof FailureError && error.failure.code === "cancelled";
  });
  leave.abort();
  await Promise.all([left, first]);
  assert.deepEqual(order, ["left", "answered"]);
  assert.equal((await engine.handlers.explain(params, never())).tokens > 0, true);
});

test("a model is given back for idleness also when the last request was cancelled", async () => {
  const { params } = await question();
  await engine.handlers.load({ ...load, idleUnloadSeconds: 0.3 }, never());
  const leave = new AbortController();
  const waiting = engine.handlers.explain(params, { ...never(), signal: leave.signal });
  leave.abort();
  await assert.rejects(waiting);
  await sleep(900);
  assert.equal((await engine.handlers.status({}, never())).state, "empty");
});

interface Ran {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly ended: Promise<number | null>;
}

function run(...options: readonly string[]): Ran {
  const { model, encoders = "", preparedRoot } = load;
  const common = ["--model", model, "--encoders", encoders, "--prepared", preparedRoot, "--precision", "f32"];
  const script = path.join(root, "src/engine/cli.ts");
  const child = spawn(process.execPath, ["--import", "tsx", script, "serve", ...common, "--port", "0", ...options], {
    cwd: root,
  });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data: Buffer) => (text += data.toString()));
  const ended = new Promise<number | null>((resolve) => child.on("exit", resolve));
  return { child, output: () => text, ended };
}

async function addressOf({ output, ended }: Ran): Promise<string> {
  const ending = ended.then(() => true);
  for (let round = 0; round < 600; round++) {
    const address = /at (http:\S+)\n[^\n]+\n/.exec(output())?.[1];
    if (address !== undefined) return address;
    if (await Promise.race([ending, sleep(50, false)])) break;
  }
  return assert.fail(output());
}

test("the command serves with a token of its own or a file's, and ends when told to", async (t) => {
  const file = path.join(folder, "token");
  for (const options of [[], ["--token-file", file], ["--token-file", file]]) {
    const ran = run(...options);
    t.after(() => ran.child.kill("SIGKILL"));
    const address = await addressOf(ran);
    const token = options.length > 0 ? (await readFile(file, "utf8")).trim() : /once\): (\S+)/.exec(ran.output())?.[1];
    assert.ok(token !== undefined && token.length > 30);
    if (options.length > 0) {
      assert.equal(ran.output().includes(token), false);
      if (process.platform !== "win32") assert.equal((await stat(file)).mode & 0o777, 0o600);
    }
    const models = await fetch(`${address}/models`, { headers: { authorization: `Bearer ${token}` } });
    assert.equal(((await models.json()) as { data: [{ id: string }] }).data[0].id, "MGM-2B");
    assert.equal((await fetch(`${address}/models`)).status, 401);
    ran.child.kill("SIGTERM");
    assert.equal(await ran.ended, 0, ran.output());
  }
});

test("the command refuses addresses that others can reach, weak tokens and a taken port", async (t) => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  t.after(() => other.close());
  const { port } = other.address() as AddressInfo;
  const weak = path.join(folder, "weak");
  await writeFile(weak, "short\n");
  for (const [options, words] of [
    [["--host", "0.0.0.0"], /--host is 0\.0\.0\.0.*--expose/],
    [["--host", "::"], /--expose/],
    [["--token-file", weak], /--token-file/],
    [["--port", String(port)], /EADDRINUSE/],
  ] as const) {
    const ran = run(...options);
    assert.equal(await ran.ended, 1, ran.output());
    assert.match(ran.output(), words);
  }
});

/** Answers of an OpenAI-compatible server: what is sent, what comes back as parts, and what can go wrong. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { test } from "node:test";
import sharp from "sharp";
import { Engine } from "../../../src/engine/pipeline/engine";
import type { Failure } from "../../../src/shared/failure";
import { describeFailure } from "../../../src/shared/failure-text";
import type {
  ExplainParams,
  ExplainPart,
  ExplainResult,
  ImageSource,
  LoadedModel,
  LoadParams,
  ServerAddress,
} from "../../../src/shared/protocol";
import { type Asked, type ContentPart, delta, events, failureFrom, json, otherServer, question } from "./other-server";

const root = path.join(import.meta.dirname, "../../..");
const engine = new Engine({ ocrFolder: path.join(root, "media/ocr") });

const loadParams = (server: ServerAddress): LoadParams => ({
  ...{ model: "/nowhere", precision: "f32", preparedRoot: "/nowhere", device: "cpu", threads: 1, server },
});

const load = (server: ServerAddress, signal = new AbortController().signal): Promise<LoadedModel> =>
  engine.handlers.load(loadParams(server), { signal, part: () => undefined });

async function ask(
  server: ServerAddress,
  params: ExplainParams,
  signal = new AbortController().signal,
): Promise<{ result: ExplainResult; parts: ExplainPart[]; text: string }> {
  await load(server, signal);
  const parts: ExplainPart[] = [];
  const result = await engine.handlers.explain(params, { signal, part: (part) => parts.push(part) });
  const text = parts.flatMap((part) => (part.kind === "text" ? [part.text] : [])).join("");
  return { result, parts, text };
}

const fine = (asked: Asked): void => {
  events(asked, [delta("Fine."), delta("", "stop"), "[DONE]"]);
};

test("a streamed answer arrives as the engine's own parts", async (t) => {
  const { address, host, asked } = await otherServer(t, (one) => {
    const usage = { prompt_tokens: 21, completion_tokens: 5, total_tokens: 26 };
    const role = { choices: [{ index: 0, delta: { role: "assistant", content: null }, finish_reason: null }] };
    const thought = { choices: [{ index: 0, delta: { reasoning_content: "hm" } }] };
    events(one, [
      role,
      thought,
      delta(" \n"),
      delta("Die Tür "),
      delta("ist 红色 🚪."),
      delta("", "stop"),
      { choices: [], usage },
      "[DONE]",
    ]);
  });
  const model = await load(address);
  assert.deepEqual(
    { ...model, milliseconds: 0 },
    {
      ...{
        name: "first",
        server: host,
        precision: null,
        device: null,
        visualTokensPerImage: null,
        contextLength: null,
      },
      ...{ starter: false, milliseconds: 0, notices: [] },
    },
  );
  const { result, text, parts } = await ask(address, { ...question("Which colour?"), stop: ["END"] });
  assert.equal(text, "Die Tür ist 红色 🚪.");
  assert.deepEqual(
    [result.text, result.stopped, result.tokens, result.promptTokens, result.visualTokens],
    [text, "end", 5, 21, null],
  );
  assert.deepEqual(
    parts.filter(({ kind }) => kind === "stage").map((part) => "stage" in part && part.stage),
    ["thinking", "writing"],
  );
  assert.deepEqual(
    asked.map((one) => one.path),
    ["/v1/models", "/v1/chat/completions"],
    "the list is asked for once",
  );
  assert.ok(asked.every(({ headers }) => headers.authorization === "Bearer secret-token"));
  assert.deepEqual(asked[1]?.body, {
    ...{ model: "first", messages: [{ role: "user", content: "Which colour?" }], stop: ["END"] },
    ...{ max_tokens: 64, temperature: 0, top_p: 1, seed: 7, stream: true, stream_options: { include_usage: true } },
  });
});

const image = (name: string, bytes: Uint8Array): ImageSource => ({ name, data: { kind: "bytes", bytes } });

const partsOf = (asked: readonly Asked[]): readonly ContentPart[] =>
  (asked.at(-1)?.body.messages ?? []).flatMap(({ content }) => (typeof content === "string" ? [] : content));

test("images go along as data URLs, shrunk, numbered where there are several", async (t) => {
  const { address, asked } = await otherServer(t, fine);
  const create = { width: 5000, height: 1000, channels: 3 as const, background: "#c86" };
  const large = await sharp({ create }).png().toBuffer();
  const raw = { width: 1200, height: 1200, channels: 3 as const };
  const photo = await sharp(randomBytes(1200 * 1200 * 3), { raw })
    .png()
    .toBuffer();
  const small = await readFile(path.join(root, "test/unit/image/fixtures/rgb.png"));
  await ask(address, {
    ...question(""),
    ocr: false,
    turns: [
      { role: "user", text: "And these?", images: [image("large", large), image("photo", photo)] },
      { role: "assistant", text: "Brown." },
      { role: "user", text: "", images: [image("small", small)] },
    ],
  });
  const messages = asked.at(-1)?.body.messages ?? [];
  assert.deepEqual(
    messages.map(({ role }) => role),
    ["user", "assistant", "user"],
  );
  assert.equal(messages[1]?.content, "Brown.");
  const sent = await Promise.all(
    partsOf(asked).map(async ({ text, image_url: link }) => {
      if (link === undefined) return text;
      const [head = "", data = ""] = link.url.split(",");
      const { width, height, format } = await sharp(Buffer.from(data, "base64")).metadata();
      return `${head} ${width}x${height} ${format}`;
    }),
  );
  const { width, height } = await sharp(small).metadata();
  assert.deepEqual(sent, [
    "data:image/png;base64 2048x410 png",
    "Image 1:",
    "data:image/jpeg;base64 1200x1200 jpeg",
    "Image 2:",
    "And these?",
    `data:image/png;base64 ${width}x${height} png`,
    "Image 3:",
  ]);
});

test("the text read in an image is quoted, and may go without the image", async (t) => {
  const { address, asked } = await otherServer(t, fine);
  const heading = await readFile(path.join(root, "test/unit/ocr/fixtures/heading.png"));
  const turns = [{ role: "user" as const, text: "What does it say?", images: [image("heading", heading)] }];
  const { parts } = await ask(address, { ...question(""), turns });
  const { width, height } = await sharp(heading).metadata();
  const seen = parts.find((part) => part.kind === "image");
  assert.ok(seen?.kind === "image" && seen.ocr.length > 0);
  assert.deepEqual([seen.index, seen.width, seen.height, seen.visualTokens], [0, width, height, null]);
  const quoted = `\n${seen.ocr.map(({ text }) => `> ${text}`).join("\n")}`;
  const [picture, reading, asking] = partsOf(asked);
  assert.match(picture?.image_url?.url ?? "", /^data:image\/png;base64,/);
  const told = reading?.text ?? "";
  assert.ok(told.startsWith("Text read in the image") && told.endsWith(quoted), told);
  assert.equal(asking?.text, "What does it say?");

  // One string is what every text model's server takes.
  const kept = { ...address, sendImages: false };
  await ask(kept, { ...question(""), turns });
  const content = asked.at(-1)?.body.messages[0]?.content;
  assert.equal(content, `${told}\n\nWhat does it say?`);
  await ask(kept, { ...question(""), ocr: false, turns });
  assert.equal(asked.at(-1)?.body.messages[0]?.content, "What does it say?");
});

test("people may write the address in several ways, and name a model", async (t) => {
  const { address, host, asked } = await otherServer(t, fine);
  for (const url of [
    `http://${host}/`,
    `http://${host}/v1`,
    `http://${host}/v1/`,
    `http://${host}/v1/chat/completions?x#y`,
  ]) {
    await ask({ ...address, url, model: "second", token: undefined }, question("?"));
    const { path: where, body, headers } = asked.at(-1) ?? assert.fail();
    assert.deepEqual([where, body.model, headers.authorization], ["/v1/chat/completions", "second", undefined], url);
  }
  for (const url of ["", "server", "ftp://server", "file:///etc/passwd", "http://me:word@server/v1", "javascript:1"]) {
    assert.equal((await failureFrom(load({ ...address, url }))).code, "server-address-invalid", url);
  }
});

test("a model named by its path is shown by its file's name, and asked for by the whole", async (t) => {
  const ids = [
    ["/models/seer.gguf", "seer.gguf"],
    ["C:\\models\\seer.gguf", "seer.gguf"],
    ["Qwen/Qwen2.5-VL-7B-Instruct", "Qwen/Qwen2.5-VL-7B-Instruct"],
    ["llava:latest", "llava:latest"],
  ] as const;
  for (const [id, shown] of ids) {
    const models = status(200, { data: [{ id }] });
    const { address, asked } = await otherServer(t, fine, { models });
    assert.equal((await load(address)).name, shown);
    await ask(address, question("?"));
    assert.equal(asked.at(-1)?.body.model, id);
  }
});

test("an answer in one piece and one cut by the limit are taken too", async (t) => {
  const whole = await otherServer(t, (one) => {
    const choices = [{ index: 0, message: { role: "assistant", content: " Whole." }, finish_reason: "length" }];
    json(one, 200, { choices, usage: { prompt_tokens: 3, completion_tokens: 64 } });
  });
  const { result, text, parts } = await ask(whole.address, question("?"));
  assert.deepEqual([text, result.text, result.stopped], ["Whole.", "Whole.", "length"]);
  assert.deepEqual(parts.at(-1), { kind: "notice", notice: { code: "answer-cut", tokens: 64 } });
});

const status =
  (code: number, body: unknown, headers = {}) =>
  (one: Asked): void => {
    json(one, code, body, headers);
  };
const error = (message: string, more: object = {}): object => ({ error: { message, ...more } });

const refusals: readonly (readonly [string, (one: Asked) => void, Partial<Failure>])[] = [
  [
    "llama.cpp: key",
    status(401, error("Invalid API Key", { code: 401 })),
    { code: "server-unauthorised", status: 401 },
  ],
  ["vLLM: key", status(401, { error: "Unauthorized" }), { code: "server-unauthorised", status: 401 }],
  ["403", status(403, ""), { code: "server-unauthorised", status: 403 }],
  [
    "vLLM: model",
    status(404, error("The model `m` does not exist.", { code: 404 })),
    { code: "server-model-missing", model: "m" },
  ],
  [
    "older vLLM",
    status(404, { object: "error", message: "The model `m` does not exist." }),
    { code: "server-model-missing" },
  ],
  ["Ollama: model", status(404, error('model "m" not found, try pulling it first')), { code: "server-model-missing" }],
  ["llama.cpp: path", status(404, error("File Not Found", { code: 404 })), { code: "server-not-api" }],
  ["FastAPI: path", status(404, { detail: "Not Found" }), { code: "server-not-api" }],
  ["413", status(413, ""), { code: "server-too-large" }],
  ["429", status(429, error("slow down"), { "retry-after": "17" }), { code: "server-busy", seconds: 17 }],
  [
    "429, a date",
    status(429, "", { "retry-after": "Mon, 30 Nov 2026 00:00:00 GMT" }),
    { code: "server-busy", seconds: null },
  ],
  [
    "400",
    status(400, error("request (5031 tokens) exceeds the available context size")),
    { code: "server-refused", status: 400 },
  ],
  [
    "500",
    status(500, error("CUDA out of memory\u0007\n at line 1")),
    { code: "server-failed", status: 500, reason: "CUDA out of memory at line 1" },
  ],
  ["502 of a proxy", status(502, "<html>"), { code: "server-failed", status: 502, reason: "no reason was given" }],
  ["redirect", status(302, "", { location: "http://127.0.0.1:9/steal" }), { code: "server-not-api" }],
  [
    "sign-in page",
    ({ response }) => response.writeHead(200, { "content-type": "text/html" }).end("<html>"),
    { code: "server-not-api", found: "text/html" },
  ],
  ["JSON of another kind", status(200, [1]), { code: "server-not-api" }],
  [
    "events of another kind",
    (one) => {
      events(one, ["not JSON"]);
    },
    { code: "server-not-api" },
  ],
  [
    "error in the stream",
    (one) => {
      events(one, [delta("It "), error("engine died")]);
    },
    { code: "server-failed", reason: "engine died" },
  ],
  [
    "end in the midst",
    (one) => {
      events(one, [delta("It "), delta("is")]);
    },
    { code: "server-cut" },
  ],
  [
    "hung up in the midst",
    ({ response }) => {
      response.writeHead(200, { "content-type": "text/event-stream" }).write("data: {");
      setTimeout(() => response.destroy(), 30);
    },
    { code: "server-cut" },
  ],
  ["hung up at once", ({ response }) => response.destroy(), { code: "server-unreachable" }],
  ["silence", () => undefined, { code: "server-silent" }],
  [
    "silence in the midst",
    ({ response }) => {
      response.writeHead(200, { "content-type": "text/event-stream" }).write(": hello\n\n");
    },
    { code: "server-silent" },
  ],
];

test("every refusal has its own failure, in words that name the server", async (t) => {
  for (const [name, answer, expected] of refusals) {
    const { address, host } = await otherServer(t, answer, { timeoutSeconds: 0.5 });
    const failure = await failureFrom(ask({ ...address, model: "m" }, question("?")));
    assert.deepEqual({ ...failure, ...expected }, failure, name);
    const words = describeFailure(failure);
    assert.ok(words.includes(host), words);
    assert.doesNotMatch(words, /\{\w+\}|secret-token|undefined/);
  }
});

test("a model that takes no images says what to do", async (t) => {
  const answer = status(
    500,
    error("image input is not supported - hint: you may need to provide the mmproj", { code: 500 }),
  );
  const { address } = await otherServer(t, answer);
  const bytes = await readFile(path.join(root, "test/unit/image/fixtures/rgb.png"));
  const turns = [{ role: "user" as const, text: "?", images: [image("x", bytes)] }];
  assert.equal((await failureFrom(ask(address, { ...question(""), ocr: false, turns }))).code, "server-images-refused");
});

test("wrong addresses, tokens and models show before a question is sent", async (t) => {
  const refused = await otherServer(t, fine, { models: status(401, "") });
  assert.equal((await failureFrom(load({ ...refused.address, model: "m" }))).code, "server-unauthorised");
  const empty = await otherServer(t, fine, { models: status(200, { data: [] }) });
  assert.equal((await failureFrom(load(empty.address))).code, "server-model-missing");
  const page = await otherServer(t, fine, { models: status(404, "") });
  assert.equal((await failureFrom(load(page.address))).code, "server-not-api");
  assert.equal((await load({ ...page.address, model: "m" })).name, "m", "a server without the list");
  const closed = await failureFrom(load({ ...page.address, url: "http://127.0.0.1:1" }));
  assert.equal(closed.code, "server-unreachable");
  const failure = await failureFrom(
    engine.handlers.explain(question("?"), { signal: new AbortController().signal, part: () => undefined }),
  );
  assert.equal(failure.code, "model-not-loaded");
});

test("an endless answer ends", async (t) => {
  const { address } = await otherServer(t, ({ response }) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    const more = (): void => {
      while (!response.destroyed && response.write("x".repeat(1_000_000)));
    };
    response.on("drain", more);
    more();
  });
  assert.equal((await failureFrom(ask(address, question("?")))).code, "server-not-api");
});

test("stopping ends the request at the server, and other questions go on meanwhile", async (t) => {
  const gone: string[] = [];
  const { address, asked } = await otherServer(t, (one) => {
    one.response.on("close", () => gone.push(String(one.response.writableFinished)));
    one.response
      .writeHead(200, { "content-type": "text/event-stream" })
      .write(`data: ${JSON.stringify(delta("It "))}\n\n`);
    if (asked.length > 2) one.response.end(`data: ${JSON.stringify(delta("is.", "stop"))}\n\n`);
  });
  await load(address);
  const stop = new AbortController();
  const words: string[] = [];
  const first = engine.handlers.explain(question("1"), {
    signal: stop.signal,
    part: (part) => {
      if (part.kind === "text") words.push(part.text);
    },
  });
  while (words.length === 0) await sleep(5);
  const second = await ask(address, question("2"));
  assert.equal(second.result.text, "It is.");
  stop.abort();
  assert.deepEqual(await failureFrom(first), { code: "cancelled" });
  while (gone.length < 2) await sleep(5);
  assert.deepEqual(gone, ["true", "false"]);
});

/** `POST /v1/chat/completions` over a scripted engine: what is asked of it, what is refused, what comes back. */
import assert from "node:assert/strict";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { FailureError } from "../../../src/shared/failure";
import { asks, errorOf, eventsOf, recording, result, scripted, serve } from "./serving";

const dataUrl = (bytes: string): string => `data:image/png;base64,${Buffer.from(bytes).toString("base64")}`;
const image = (url: string): object => ({ type: "image_url", image_url: { url, detail: "high" } });

test("a conversation becomes the engine's turns, with images, options and the defaults", async (t) => {
  const { engine, asked } = recording();
  const { chat } = await serve(t, engine);
  const messages = [
    { role: "system", content: "Be brief." },
    { role: "user", content: [{ type: "text", text: "First?" }, image(dataUrl("one"))] },
    { role: "assistant", content: "A cat." },
    { role: "user", content: [image(dataUrl("two")), image(dataUrl("three"))] },
    { role: "user", content: "Second?" },
  ];
  const options = {
    max_completion_tokens: 5,
    max_tokens: 9,
    temperature: 0,
    top_p: 0.5,
    top_k: 3,
    seed: 11,
    ocr: false,
  };
  const response = await chat({ model: "scripted", messages, stop: ["END", ""], repetition_penalty: 1.5, ...options });
  assert.equal(response.status, 200);
  const bytes = (text: string, name: string): object => ({ name, data: { kind: "bytes", bytes: Buffer.from(text) } });
  assert.deepEqual(asked[0], {
    turns: [
      { role: "user", text: "Be brief.\n\nFirst?", images: [bytes("one", "image 1")] },
      { role: "assistant", text: "A cat." },
      { role: "user", text: "Second?", images: [bytes("two", "image 2"), bytes("three", "image 3")] },
    ],
    sampling: { maxTokens: 5, temperature: 0, topP: 0.5, topK: 3, repetitionPenalty: 1.5, seed: 11 },
    ocr: false,
    stop: ["END"],
    template: undefined,
  });
  await (await chat({ ...asks("Hello"), stop: "X", seed: null, n: 1, tools: [], user: "me" })).text();
  const { sampling, ocr, stop } = asked[1] ?? assert.fail();
  assert.deepEqual([sampling.maxTokens, sampling.temperature, sampling.topP, ocr, stop], [100, 0.2, 1, true, ["X"]]);
});

test("an answer in one piece has OpenAI's fields", async (t) => {
  const { chat } = await serve(t, recording().engine);
  const answer = (await (await chat(asks("?"))).json()) as Record<string, unknown>;
  const { id, created, ...rest } = answer;
  assert.match(String(id), /^chatcmpl-[\w-]{36}$/);
  assert.ok(Math.abs(Number(created) - Date.now() / 1000) < 60);
  const message = { role: "assistant", content: "It is red.", refusal: null };
  assert.deepEqual(rest, {
    model: "scripted",
    object: "chat.completion",
    choices: [{ index: 0, message, logprobs: null, finish_reason: "stop" }],
    usage: {
      prompt_tokens: 7,
      completion_tokens: 3,
      total_tokens: 10,
      prompt_tokens_details: { cached_tokens: 2 },
    },
  });
});

interface Chunk {
  readonly id: string;
  readonly object: string;
  readonly choices: readonly { readonly delta: object; readonly finish_reason: string | null }[];
  readonly usage?: object;
  readonly mini_gemini?: object;
}

test("a streamed answer: role, words, reason, usage where asked for, the end", async (t) => {
  const { chat } = await serve(t, recording().engine);
  const response = await chat({ ...asks("?"), stream: true, stream_options: { include_usage: true } });
  assert.match(response.headers.get("content-type") ?? "", /^text\/event-stream/);
  const events = await eventsOf(response);
  assert.equal(events.at(-1), "[DONE]");
  const chunks = events.slice(0, -1).map((data) => JSON.parse(data) as Chunk);
  assert.equal(new Set(chunks.map(({ id, object }) => `${id} ${object}`)).size, 1);
  assert.deepEqual(
    chunks.flatMap(({ choices }) => choices.map(({ delta, finish_reason: reason }) => [delta, reason])),
    [
      [{ role: "assistant", content: "" }, null],
      [{ content: "It " }, null],
      [{ content: "is " }, null],
      [{ content: "red." }, null],
      [{}, "stop"],
    ],
  );
  assert.deepEqual(chunks.at(-1)?.choices, []);
  assert.ok(chunks.at(-1)?.usage);
  const without = await eventsOf(await chat({ ...asks("?"), stream: true }));
  assert.ok(without.every((data) => !data.includes("usage")));
});

test("what the caller should know comes with the answer, and a cut answer says so", async (t) => {
  const engine = scripted((_params, { part }) => {
    part({ kind: "notice", notice: { code: "history-dropped", turns: 2 } });
    return Promise.resolve({ ...result("It"), stopped: "length" as const });
  });
  const { chat } = await serve(t, engine);
  const answer = (await (await chat(asks("?"))).json()) as Chunk;
  assert.equal(answer.choices[0]?.finish_reason, "length");
  assert.deepEqual(answer.mini_gemini, { notices: [{ code: "history-dropped", turns: 2 }] });
  const events = await eventsOf(await chat({ ...asks("?"), stream: true }));
  assert.ok(events.some((data) => data.includes('"finish_reason":"length"') && data.includes("history-dropped")));
});

test("no address of an image is fetched or opened", async (t) => {
  let hits = 0;
  const bait = http.createServer((_request, response) => {
    hits++;
    response.end();
  });
  await new Promise<void>((resolve) => bait.listen(0, "127.0.0.1", resolve));
  t.after(() => bait.close());
  const { port } = bait.address() as AddressInfo;
  const { engine, asked } = recording();
  const { chat } = await serve(t, engine);
  const urls = [
    `http://127.0.0.1:${port}/image.png`,
    `https://127.0.0.1:${port}/image.png`,
    "file:///etc/passwd",
    "/etc/passwd",
    "data:image/png,plain",
    "data:text/html;charset=utf-8,<p>",
    "",
    ` ${dataUrl("x")}`,
  ];
  for (const url of urls) {
    const error = await errorOf(await chat({ messages: [{ role: "user", content: [image(url)] }] }));
    assert.deepEqual([error.status, error.code], [400, "image-address-refused"], url);
    assert.equal(error.param, "messages[0].content[0].image_url.url");
  }
  assert.deepEqual([hits, asked.length], [0, 0]);
});

test("requests that are not valid name the field at fault", async (t) => {
  const { engine, asked } = recording();
  const { chat } = await serve(t, engine);
  const user = { role: "user", content: "?" };
  const cases: readonly (readonly [object, string | null, number?])[] = [
    [{}, "messages"],
    [{ messages: [] }, "messages"],
    [{ messages: "?" }, "messages"],
    [{ messages: [{ role: "tool", content: "?" }] }, "messages[0].role"],
    [{ messages: [{ role: "user", content: 7 }] }, "messages[0].content"],
    [{ messages: [{ role: "user", content: [{ type: "input_audio" }] }] }, "messages[0].content"],
    [{ messages: [{ role: "system", content: "?" }] }, "messages"],
    [{ messages: [{ role: "assistant", content: "?" }, user] }, "messages"],
    [{ messages: [user, { role: "assistant", content: "?" }] }, "messages"],
    [{ messages: [user], temperature: -1 }, "temperature"],
    [{ messages: [user], temperature: "hot" }, "temperature"],
    [{ messages: [user], top_p: 0 }, "top_p"],
    [{ messages: [user], max_tokens: 0 }, "max_tokens"],
    [{ messages: [user], max_tokens: 1.5 }, "max_tokens"],
    [{ messages: [user], seed: 2 ** 60 }, "seed"],
    [{ messages: [user], stop: ["a", "b", "c", "d", "e"] }, "stop"],
    [{ messages: [user], n: 2 }, "n"],
    [{ messages: [user], logprobs: true }, "logprobs"],
    [{ messages: [user], tools: [{}] }, "tools"],
    [{ messages: [user], response_format: { type: "json_object" } }, "response_format.type"],
    [{ messages: [user], presence_penalty: 1 }, "presence_penalty"],
    [{ messages: [user], stream: "yes" }, "stream"],
    [{ messages: [user], model: "gpt-4o" }, "model", 404],
    [{ messages: Array.from({ length: 41 }, () => ({ role: "user", content: [image(dataUrl("x"))] })) }, "messages"],
  ];
  for (const [body, param, status = 400] of cases) {
    const error = await errorOf(await chat(body));
    assert.deepEqual(
      [error.status, error.type, error.param],
      [status, "invalid_request_error", param],
      JSON.stringify(body),
    );
    assert.ok(error.message.length > 10 && error.message.length < 300, error.message);
  }
  assert.equal(asked.length, 0);
});

test("bodies that are too large, no JSON, or nested without end are refused", async (t) => {
  const { engine, asked } = recording();
  const { chat, post } = await serve(t, engine, { service: { bodyLimit: 2_000_000 } });
  const large = await errorOf(await chat(asks("x".repeat(2_000_000))));
  assert.deepEqual([large.status, large.code], [413, "body-too-large"]);
  let sent = 0;
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      sent += 65_536;
      if (sent > 10_000_000) controller.close();
      else controller.enqueue(new Uint8Array(65_536).fill(32));
    },
  });
  const init = { body: endless, duplex: "half" } as RequestInit;
  assert.equal((await errorOf(await post("/v1/chat/completions", undefined, init))).status, 413);
  const texts = [
    "",
    "{",
    "[".repeat(1_000_000),
    `{"messages":${"[".repeat(500_000)}${"]".repeat(500_000)}}`,
    '"text"',
    "\0",
  ];
  for (const body of texts) {
    const error = await errorOf(await chat({}, { body }));
    assert.equal(error.status, 400, body.slice(0, 30));
  }
  const plain = await chat(asks("?"), { headers: { authorization: "Bearer token-of-the-tests-only" } });
  assert.deepEqual((await errorOf(plain)).status, 415);
  assert.equal(asked.length, 0);
  assert.equal((await chat(asks("?"))).status, 200);
});

test("failures of the engine keep their code", async (t) => {
  const failures = [
    [{ code: "image-damaged", image: "image 1", reason: "cut" }, 400, "image-damaged"],
    [{ code: "image-too-large", image: "image 1", pixels: 1e9, limit: 1e8 }, 413, "image-too-large"],
    [{ code: "prompt-too-long", tokens: 9000, limit: 2048 }, 400, "prompt-too-long"],
    [{ code: "out-of-memory", neededBytes: 2, availableBytes: 1 }, 503, "out-of-memory"],
    [{ code: "runtime-failed", network: "decoder", message: "no" }, 500, "runtime-failed"],
  ] as const;
  for (const [failure, status, code] of failures) {
    for (const stream of [false, true]) {
      const { chat } = await serve(
        t,
        scripted(() => Promise.reject(new FailureError(failure))),
      );
      const error = await errorOf(await chat({ ...asks("?"), stream }));
      assert.deepEqual([error.status, error.code], [status, code]);
      assert.ok(error.message.length > 10);
    }
  }
  const bug = await serve(
    t,
    scripted(() => Promise.reject(new TypeError("secret detail"))),
  );
  const error = await errorOf(await bug.chat(asks("?")));
  assert.deepEqual([error.status, error.code, error.message.includes("secret")], [500, "bug", false]);
  assert.ok(bug.log.some((line) => line.includes("secret detail")));
});

test("a failure after the first word ends the stream with an error and without [DONE]", async (t) => {
  const engine = scripted((_params, { part }) => {
    part({ kind: "text", text: "It " });
    return Promise.reject(new FailureError({ code: "runtime-failed", network: "decoder", message: "no" }));
  });
  const { chat } = await serve(t, engine);
  const response = await chat({ ...asks("?"), stream: true });
  assert.equal(response.status, 200);
  const events = await eventsOf(response);
  assert.ok(!events.includes("[DONE]"));
  const last = JSON.parse(events.at(-1) ?? "") as { error: { code: string; type: string } };
  assert.deepEqual([last.error.code, last.error.type], ["runtime-failed", "server_error"]);
});

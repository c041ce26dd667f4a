/** Waiting, going away and ending. */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { test } from "node:test";
import { FailureError } from "../../../src/shared/failure";
import type { Service } from "../../../src/engine/serve/service";
import { asks, errorOf, eventsOf, result, scripted, serve } from "./serving";

interface Held {
  readonly engine: Service["engine"];
  /** Signals of the requests that were begun. */
  readonly begun: AbortSignal[];
  readonly release: () => void;
}

/** An engine whose answers wait to be released; a cancelled one ends as the real one's does. */
function held(): Held {
  const begun: AbortSignal[] = [];
  const waiting = new Set<() => void>();
  const engine = scripted((_params, { signal, part }) => {
    begun.push(signal);
    part({ kind: "text", text: "It " });
    return new Promise((resolve, reject) => {
      waiting.add(() => {
        resolve(result("It is."));
      });
      signal.addEventListener("abort", () => {
        reject(new FailureError({ code: "cancelled" }));
      });
    });
  });
  const release = (): void => {
    for (const one of waiting) one();
    waiting.clear();
  };
  return { engine, begun, release };
}

async function until(condition: () => boolean): Promise<void> {
  for (let round = 0; round < 500; round++) {
    if (condition()) return;
    await sleep(10);
  }
  assert.fail("waited in vain");
}

test("a request too many is told to come again, and finds a place later", async (t) => {
  const { engine, begun, release } = held();
  const { chat } = await serve(t, engine, { waiting: 1 });
  const first = chat(asks("1"));
  const second = chat(asks("2"));
  await until(() => begun.length === 2);
  const third = await chat(asks("3"));
  assert.ok(Number(third.headers.get("retry-after")) > 0);
  const error = await errorOf(third);
  assert.deepEqual([error.status, error.type, error.code], [429, "rate_limit_error", "queue-full"]);
  release();
  assert.deepEqual([(await first).status, (await second).status], [200, 200]);
  const fourth = chat(asks("4"));
  await until(() => begun.length === 3);
  release();
  assert.equal((await fourth).status, 200);
});

for (const stream of [false, true]) {
  test(`a client that goes away ends its request (stream: ${stream})`, async (t) => {
    const { engine, begun, release } = held();
    const { chat, log } = await serve(t, engine, { waiting: 0 });
    const leave = new AbortController();
    const gone = chat({ ...asks("?"), stream }, { signal: leave.signal }).then((response) => response.text());
    await until(() => begun.length === 1);
    leave.abort();
    await assert.rejects(gone);
    await until(() => begun[0]?.aborted === true && log.length === 1);
    // Its place is free again.
    const next = chat(asks("?"));
    await until(() => begun.length === 2);
    release();
    assert.equal((await next).status, 200);
  });
}

test("an engine that goes on for a while after its client left harms nobody", async (t) => {
  let running = 0;
  const engine = scripted(async (_params, { part }) => {
    running++;
    for (let word = 0; word < 40; word++) {
      part({ kind: "text", text: "word ".repeat(500) });
      await sleep(1);
    }
    running--;
    return result("word");
  });
  const { chat, port } = await serve(t, engine, { waiting: 20 });
  for (let round = 0; round < 12; round++) {
    const leave = new AbortController();
    const response = await chat({ ...asks("?"), stream: true }, { signal: leave.signal });
    const reader = (response.body ?? assert.fail()).getReader();
    await reader.read();
    leave.abort();
    await reader.read().catch(() => undefined);
  }
  // Without a pause between: the writes of all of them go to connections that are gone.
  await until(() => running === 0);
  assert.equal((await fetch(`http://127.0.0.1:${port}/health`)).status, 200);
  assert.equal((await eventsOf(await chat({ ...asks("?"), stream: true }))).at(-1), "[DONE]");
});

test("a client that does not read gets its answer when it does", async (t) => {
  const text = "word ".repeat(20_000);
  const engine = scripted((_params, { part }) => {
    for (let piece = 0; piece < 50; piece++) part({ kind: "text", text });
    return Promise.resolve(result(""));
  });
  const { chat } = await serve(t, engine);
  const response = await chat({ ...asks("?"), stream: true });
  await sleep(300);
  const events = await eventsOf(response);
  assert.equal(events.at(-1), "[DONE]");
  assert.equal(events.filter((data) => data.includes("word word")).length, 50);
});

test("ending waits for open answers and takes no new ones", async (t) => {
  const { engine, begun, release } = held();
  const { server, chat, port } = await serve(t, engine);
  const open = chat({ ...asks("?"), stream: true }).then(eventsOf);
  await until(() => begun.length === 1);
  const closed = server.close(20_000);
  await assert.rejects(fetch(`http://127.0.0.1:${port}/health`));
  assert.equal(begun[0]?.aborted, false);
  release();
  assert.equal((await open).at(-1), "[DONE]");
  await closed;
});

test("ending does not wait for ever", async (t) => {
  const { engine, begun } = held();
  const { server, chat } = await serve(t, engine);
  const open = chat(asks("?"));
  await until(() => begun.length === 1);
  await server.close(50);
  const error = await errorOf(await open);
  assert.deepEqual([error.status, error.code], [503, "cancelled"]);
});

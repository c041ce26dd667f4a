/** Calls over a channel: order, stopping, ends, and what is not a method. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FailureError } from "../../../src/shared/failure";
import { type Frame, type Handlers, Peer, type Port } from "../../../src/shared/peer";
import type { Method } from "../../../src/shared/protocol";

interface Api {
  count: Method<{ readonly to: number }, { readonly sum: number }, number>;
  wait: Method<Record<string, never>, { readonly stopped: boolean }>;
  fail: Method<{ readonly with: unknown }, Record<string, never>>;
}

/** Two ports; each frame is cloned and arrives a turn later, as between processes. */
function channel(): readonly [Port, Port] {
  const listeners: ((frame: Frame) => void)[][] = [[], []];
  const port = (own: number): Port => ({
    post: (frame) => {
      const copy = structuredClone(frame);
      setImmediate(() => {
        for (const listener of listeners[1 - own] ?? []) listener(copy);
      });
    },
    onFrame: (listener) => listeners[own]?.push(listener),
  });
  return [port(0), port(1)];
}

const handlers: Handlers<Api> = {
  count: ({ to }, { part }) => {
    let sum = 0;
    for (let value = 1; value <= to; value++) {
      sum += value;
      part(value);
    }
    return Promise.resolve({ sum });
  },
  wait: (_params, { signal }) =>
    new Promise((resolve) => {
      signal.addEventListener("abort", () => {
        resolve({ stopped: true });
      });
    }),
  fail: ({ with: thrown }) => {
    if (thrown === "failure") throw new FailureError({ code: "prompt-empty" });
    if (thrown === "unsendable") return Promise.resolve({ it: () => 1 } as unknown as Record<string, never>);
    throw new TypeError("of the handler");
  },
};

function peers(): {
  readonly asking: Peer<Api, Record<string, never>>;
  readonly answering: Peer<never, Api>;
  near: Port;
} {
  const [near, far] = channel();
  return { asking: new Peer(near, {}), answering: new Peer<never, Api>(far, handlers), near };
}

const codeOf = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
    return "none";
  } catch (thrown) {
    return thrown instanceof FailureError ? thrown.failure.code : String(thrown);
  }
};

test("parts come in order and before the result, of many calls at once", async () => {
  const { asking } = peers();
  const calls = Array.from({ length: 50 }, async (_, to) => {
    const parts: number[] = [];
    const { sum } = await asking.call("count", { to }, { onPart: (part) => parts.push(part) });
    assert.deepEqual(
      parts,
      Array.from({ length: to }, (_value, index) => index + 1),
    );
    assert.equal(sum, (to * (to + 1)) / 2);
  });
  await Promise.all(calls);
});

test("stopping reaches the other side, and a call stopped before is never sent", async () => {
  const { asking } = peers();
  const stop = new AbortController();
  const waiting = asking.call("wait", {}, { signal: stop.signal });
  setTimeout(() => {
    stop.abort();
  }, 10);
  assert.deepEqual(await waiting, { stopped: true });
  assert.equal(await codeOf(asking.call("count", { to: 1 }, { signal: stop.signal })), "cancelled");
});

test("what handlers throw comes back; what cannot be sent is a bug and not silence", async () => {
  const { asking } = peers();
  assert.equal(await codeOf(asking.call("fail", { with: "failure" })), "prompt-empty");
  assert.equal(await codeOf(asking.call("fail", { with: "bug" })), "bug");
  assert.equal(await codeOf(asking.call("fail", { with: "unsendable" })), "bug");
  assert.match(await codeOf(asking.call("fail", { with: () => 1 })), /DataCloneError/);
  assert.deepEqual(await asking.call("count", { to: 2 }), { sum: 3 });
});

test("names that are no methods are refused, those of every object too", async () => {
  const { asking } = peers();
  const call = asking.call.bind(asking) as (method: string, params: object) => Promise<unknown>;
  for (const name of ["none", "constructor", "__proto__", "toString"])
    assert.equal(await codeOf(call(name, {})), "bug");
});

test("a closed channel fails what is open and what comes later, and stops what is being answered", async () => {
  const { asking, answering } = peers();
  const stopped = asking.call("wait", {});
  await new Promise((resolve) => setTimeout(resolve, 10));
  asking.close({ code: "engine-exited", exitCode: 7, signal: null });
  assert.equal(await codeOf(stopped), "engine-exited");
  assert.equal(await codeOf(asking.call("count", { to: 1 })), "engine-exited");
  answering.close({ code: "cancelled" });
});

test("frames about calls that are not open change nothing", async () => {
  const { asking, near } = peers();
  for (const id of [-1, 0, 999]) {
    near.post({ kind: "cancel", id });
    near.post({ kind: "part", id, part: 1 });
    near.post({ kind: "result", id, result: {} });
    near.post({ kind: "failure", id, failure: { code: "cancelled" } });
  }
  assert.deepEqual(await asking.call("count", { to: 3 }), { sum: 6 });
});

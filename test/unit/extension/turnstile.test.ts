/** One at a time, in order, and out of the queue when stopped. */
import assert from "node:assert/strict";
import { setTimeout as wait } from "node:timers/promises";
import { test } from "node:test";
import { Turnstile } from "../../../src/extension/turnstile";
import { FailureError } from "../../../src/shared/failure";

test("one at a time, in the order of coming", async () => {
  const turnstile = new Turnstile();
  const order: number[] = [];
  let inside = 0;
  const go = async (number: number): Promise<void> => {
    const pass = await turnstile.enter(undefined);
    assert.equal(++inside, 1);
    await wait(5 - number);
    order.push(number);
    inside--;
    pass();
    pass();
  };
  await Promise.all([0, 1, 2, 3, 4].map(go));
  assert.deepEqual(order, [0, 1, 2, 3, 4]);
});

test("who is stopped leaves at once and holds up nobody", async () => {
  const turnstile = new Turnstile();
  const cancelled = (error: unknown): boolean => error instanceof FailureError && error.failure.code === "cancelled";
  const pass = await turnstile.enter(undefined);
  const stop = new AbortController();
  const waiting = turnstile.enter(stop.signal);
  let third = false;
  const last = turnstile.enter(new AbortController().signal).then((go) => {
    third = true;
    go();
  });
  stop.abort();
  await assert.rejects(waiting, cancelled);
  await wait(5);
  assert.equal(third, false, "the first is still inside");
  pass();
  await last;
  await assert.rejects(turnstile.enter(stop.signal), cancelled);
  (await turnstile.enter(undefined))();
});

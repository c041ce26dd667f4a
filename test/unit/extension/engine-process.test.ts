/** The life of the engine process, with a scripted engine that speaks the real protocol. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { build } from "esbuild";
import { type EngineEvent, EngineProcess, type EngineProcessOptions } from "../../../src/extension/engine-process";
import { FailureError } from "../../../src/shared/failure";
import type { ExplainParams, LoadParams } from "../../../src/shared/protocol";

const root = path.join(import.meta.dirname, "../../..");
let folder = "";
let script = "";
let engine: EngineProcess | undefined;
const logged: string[] = [];
const events: EngineEvent[] = [];

const log = {
  info: (message: string) => logged.push(message),
  warn: (message: string) => logged.push(message),
  error: (message: string) => logged.push(message),
};

function start(options: Partial<EngineProcessOptions> = {}): EngineProcess {
  logged.length = events.length = 0;
  engine = new EngineProcess({ script, log, ...options });
  engine.onEvent((event) => events.push(event));
  return engine;
}

const load = (model: string): LoadParams => ({
  ...{ model, precision: "f32", preparedRoot: folder, device: "cpu", threads: 0 },
});

const ask = (text: string): ExplainParams => ({
  turns: [{ role: "user", text, images: [] }],
  sampling: { maxTokens: 1, temperature: 0, topP: 1, topK: 0, repetitionPenalty: 1, seed: 0 },
  ocr: false,
});

const alive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

async function gone(pid: number): Promise<void> {
  for (let tries = 0; tries < 200 && alive(pid); tries++) await wait(25);
  assert.equal(alive(pid), false, `process ${pid} is still there`);
}

const failsWith = (code: string) => (error: unknown) => error instanceof FailureError && error.failure.code === code;

describe("engine process", () => {
  before(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), "engine-process-"));
    script = path.join(folder, "engine.cjs");
    const entry = path.join(root, "test/workbench/inhost/scripted-engine.ts");
    // The real one finds sharp beside it; this one lies elsewhere.
    const alias = { sharp: path.join(root, "node_modules/sharp") };
    const external = [alias.sharp];
    await build({ entryPoints: [entry], bundle: true, platform: "node", outfile: script, alias, external });
  });
  afterEach(() => {
    engine?.dispose();
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it("starts with the first request, and only once", async () => {
    const one = start();
    assert.equal(one.pid, null);
    const [a, b] = await Promise.all([one.call("load", load("starter")), one.call("load", load("starter"))]);
    assert.equal(a.name, "starter");
    assert.deepEqual(a, b);
    assert.equal(events.filter(({ kind }) => kind === "started").length, 1);
  });

  it("ends with its owner", async () => {
    const one = start();
    await one.call("load", load("starter"));
    const pid = one.pid ?? 0;
    one.dispose();
    await gone(pid);
    assert.deepEqual(events.at(-1), { kind: "ended", failure: null });
  });

  it("gives a typed failure when it ends in mid-answer, and the next request a fresh process", async () => {
    const one = start();
    await one.call("load", load("starter"));
    const before = one.pid;
    const parts: string[] = [];
    const answer = one.call("explain", ask("crash slow"), {
      onPart: (part) => {
        if (part.kind === "text") parts.push(part.text);
      },
    });
    await assert.rejects(answer, failsWith("engine-exited"));
    assert.ok(parts.length > 0, "what was written before is told");
    await one.call("load", load("starter"));
    assert.notEqual(one.pid, before);
    const { text } = await one.call("explain", ask("again"));
    assert.match(text, /again/);
  });

  it("stops trying after three crashes in a row at load, says so, and tries again when told to", async () => {
    const one = start();
    for (let crash = 0; crash < 3; crash++) {
      await assert.rejects(one.call("load", load("crash-at-load")), failsWith("engine-exited"));
      await wait(50);
    }
    await assert.rejects(one.call("load", load("starter")), (error: unknown) => {
      assert.ok(error instanceof FailureError && error.failure.code === "engine-crash-loop");
      assert.equal(error.failure.crashes, 3);
      assert.match(error.failure.last, /exit code 7/);
      assert.match(error.failure.last, /scripted: cannot go on/);
      return true;
    });
    assert.equal(events.filter(({ kind }) => kind === "started").length, 3);
    one.forgive();
    assert.equal((await one.call("load", load("starter"))).name, "starter");
  });

  it("counts crashes in a row only", async () => {
    const one = start();
    for (let round = 0; round < 2; round++) {
      for (let crash = 0; crash < 2; crash++) {
        await assert.rejects(one.call("load", load("crash-at-load")), failsWith("engine-exited"));
      }
      await one.call("load", load("starter"));
    }
  });

  it("ends an engine that hangs, however deaf, and starts another", async () => {
    const one = start({ silenceSeconds: 3 });
    const hanging = one.call("load", load("hang-at-load"));
    const pid = one.pid ?? 0;
    await assert.rejects(hanging, failsWith("engine-unresponsive"));
    await gone(pid);
    assert.equal((await one.call("load", load("starter"))).name, "starter");
  });

  it("lets a slow engine that gives signs of life go on", async () => {
    const one = start({ silenceSeconds: 3 });
    assert.equal((await one.call("load", load("slow-load"))).name, "slow-load");
  });

  it("lets the caller go when the engine does not notice a stop", async () => {
    const one = start({ stopSeconds: 0.1 });
    await one.call("load", load("deaf"));
    const stop = new AbortController();
    const answer = one.call("explain", ask("slow"), { signal: stop.signal });
    await wait(50);
    const stopped = performance.now();
    stop.abort();
    await assert.rejects(answer, failsWith("cancelled"));
    assert.ok(performance.now() - stopped < 2000);
  });

  it("ends when idle, is no crash, and starts again", async () => {
    const one = start({ idleSeconds: () => 0.2 });
    await one.call("load", load("starter"));
    const pid = one.pid ?? 0;
    await gone(pid);
    assert.deepEqual(events.at(-1), { kind: "ended", failure: null });
    assert.equal(one.pid, null);
    assert.equal((await one.call("load", load("starter"))).name, "starter");
  });

  it("does not end while a request is open", async () => {
    const one = start({ idleSeconds: () => 0.2 });
    assert.equal((await one.call("load", load("slow-load"))).name, "slow-load");
  });

  it("tells its state", async () => {
    const one = start();
    await one.refresh();
    assert.equal(one.pid, null, "asking for the state starts nothing");
    await one.call("load", load("starter"));
    await one.refresh();
    const event = events.at(-1);
    assert.ok(event?.kind === "status" && event.status.rssBytes > 0);
  });

  it("says how the engine ended when that shows while sending", async () => {
    const one = start();
    await one.call("load", load("starter"));
    process.kill(one.pid ?? 0, "SIGKILL");
    // Its end is not heard of until this thread is free again.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
    await assert.rejects(one.call("load", load("starter")), failsWith("engine-exited"));
    assert.equal((await one.call("load", load("starter"))).name, "starter");
  });

  it("refuses what cannot be sent, and goes on", async () => {
    const one = start();
    const unsendable = { ...load("starter"), model: (() => "starter") as unknown as string };
    await assert.rejects(one.call("load", unsendable), /could not be cloned/);
    assert.equal((await one.call("load", load("starter"))).name, "starter");
  });

  it("fails clearly when its file is missing", async () => {
    const one = start({ script: path.join(folder, "none.cjs") });
    await assert.rejects(one.call("load", load("starter")), failsWith("engine-exited"));
  });
});

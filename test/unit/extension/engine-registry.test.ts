import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { EngineRegistry } from "../../../src/extension/engine-registry";

const megabyte = 2 ** 20;
let folder = "";
let dead = 0;

/** An engine of a window that is this very process, and of another one (its parent). */
const mine = { process: process.pid, host: process.pid, model: "MGM-2B", memoryBytes: 900 * megabyte };
const theirs = { process: process.pid, host: process.ppid, model: "MGM-7B", memoryBytes: 4000 * megabyte };

describe("engines of all windows", () => {
  before(async () => {
    const child = spawn(process.execPath, ["-e", ""]);
    await once(child, "exit");
    dead = child.pid ?? 0;
  });
  beforeEach(async () => {
    folder = path.join(await mkdtemp(path.join(os.tmpdir(), "engines-")), "engines");
  });
  after(() => rm(path.dirname(folder), { recursive: true, force: true }));

  it("tells those of other windows only", async () => {
    const one = new EngineRegistry(folder);
    assert.deepEqual(await one.others(process.pid), []);
    await one.announce(mine);
    assert.deepEqual(await one.others(process.pid), []);
    await new EngineRegistry(folder).announce(theirs);
    assert.deepEqual(await one.others(process.pid), [theirs]);
  });

  it("forgets an engine that is withdrawn", async () => {
    const other = new EngineRegistry(folder);
    await other.announce(theirs);
    await other.withdraw();
    assert.deepEqual(await other.others(process.pid), []);
    assert.deepEqual(await readdir(folder), []);
  });

  it("removes what dead windows and half-written files leave", async () => {
    const one = new EngineRegistry(folder);
    await one.announce({ ...theirs, process: dead });
    await writeFile(path.join(folder, "1.json"), "{");
    assert.deepEqual(await one.others(process.pid), []);
    assert.deepEqual(await readdir(folder), []);
  });
});

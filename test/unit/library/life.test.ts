/** A library's life: several windows, a process that is killed, a full disk, damage, models in use, deletion. */
import assert from "node:assert/strict";
import { fork, spawnSync } from "node:child_process";
import { once } from "node:events";
import { appendFile, mkdir, mkdtemp, readFile, rm, utimes, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { before, test, type TestContext } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { build } from "esbuild";
import { packageRoot } from "../../../src/engine/platform/package-root";
import { claimUse, lock, lockHolder, tryLock, usersOf } from "../../../src/engine/platform/lease";
import { prepareModel } from "../../../src/engine/pipeline/prepare-model";
import { inUseFolder } from "../../../src/engine/pipeline/prepared-model";
import type { GetParams } from "../../../src/shared/library-protocol";
import { catalogueEntry } from "../../../src/shared/model-catalogue";
import type { Frame } from "../../../src/shared/peer";
import { failsWith } from "../weights/files";
import {
  buildWorker,
  filesBelow,
  get,
  getParams,
  golden,
  remove,
  startHub,
  stateOf,
  temporaryLibrary,
  verify,
} from "./library";

before(async () => {
  await buildWorker();
  await build({
    absWorkingDir: packageRoot(),
    entryPoints: { library: "src/engine/library-main.ts" },
    outdir: "dist",
    bundle: true,
    platform: "node",
    external: ["onnxruntime-node", "sharp"],
    logLevel: "error",
  });
});

interface LibraryChild {
  readonly pid: number;
  kill(): Promise<void>;
  get(params: GetParams): Promise<Frame>;
  readonly progress: { done: number };
}

/** The library's process, as a window has it. */
function startChild(t: TestContext): LibraryChild {
  const child = fork(path.join(packageRoot(), "dist", "library.js"), [], {
    serialization: "advanced",
    execArgv: [],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  t.after(() => child.kill("SIGKILL"));
  const progress = { done: 0 };
  let ended: (frame: Frame) => void = () => undefined;
  child.on("message", (frame: Frame) => {
    if (frame.kind === "part") progress.done = (frame.part as { done: number }).done;
    else ended(frame);
  });
  return {
    pid: child.pid ?? 0,
    progress,
    kill: async () => {
      child.kill("SIGKILL");
      await once(child, "exit");
    },
    get: (params) =>
      new Promise((resolve) => {
        ended = resolve;
        child.send({ kind: "call", id: 1, method: "get", params } satisfies Frame);
      }),
  };
}

for (const keepPublished of [false, true]) {
  test(`killed in the middle, and resumed by another process (${keepPublished ? "downloaded first" : "as it arrives"})`, async (t) => {
    const hub = await startHub(t);
    const folders = await temporaryLibrary(t);
    hub.pause = 60;
    const child = startChild(t);
    void child.get(getParams(folders, hub, { keepPublished }));
    while (child.progress.done < 2_400_000) await wait(20);
    await child.kill();
    const { state, busy } = await stateOf(folders);
    assert.equal(state.kind, "partial");
    assert.equal(busy, null, "its lock died with it");
    hub.pause = 0;
    const found = await get(getParams(folders, hub, { keepPublished }));
    assert.ok(found.state.kind === "ready");
    await verify({ ...folders, model: "MGM-7B" });
  });
}

test("two windows: one gets the model, the other is told so, and both find it prepared once", async (t) => {
  const hub = await startHub(t);
  const folders = await temporaryLibrary(t);
  hub.pause = 20;
  const child = startChild(t);
  const got = child.get(getParams(folders, hub));
  while (child.progress.done === 0) await wait(10);
  assert.equal((await stateOf(folders)).busy, child.pid);
  await assert.rejects(get(getParams(folders, hub)), failsWith({ code: "model-busy", process: child.pid }));
  await assert.rejects(remove({ ...folders, model: "MGM-7B" }), failsWith({ code: "model-busy" }));
  hub.pause = 0;
  assert.equal((await got).kind, "result");
  const asked = hub.requests.length;
  assert.equal((await get(getParams(folders, hub))).state.kind, "ready");
  assert.equal(hub.requests.length, asked, "nothing more is asked for");
});

test("a checkpoint that two processes want is prepared once", async (t) => {
  const folders = await temporaryLibrary(t);
  const params = {
    model: path.join(golden, "checkpoints/MGM-7B"),
    encoders: path.join(golden, "encoders"),
    precision: "int4" as const,
    preparedRoot: folders.preparedRoot,
  };
  const results = await Promise.all([prepareModel(params), prepareModel(params), prepareModel(params)]);
  assert.deepEqual(results.map(({ wrote }) => wrote).sort(), [false, false, true]);
});

test("a lock is taken over from a process that is gone, and from one that has not touched it for long", async (t) => {
  const folders = await temporaryLibrary(t);
  const file = path.join(folders.modelsRoot, "a.json");
  const gone = spawnSync(process.execPath, ["-e", ""]).pid;
  await mkdir(folders.modelsRoot, { recursive: true });
  const claim = { host: os.hostname(), token: "x", claimed: [] };
  await writeFile(file, JSON.stringify({ ...claim, process: gone }));
  assert.equal(await lockHolder(file), null);
  const taken = await tryLock(file);
  assert.ok(typeof taken !== "number");
  assert.equal(await tryLock(file), process.pid);
  await taken.release();
  // The number of a process that lives, but the claim is from another time.
  await writeFile(file, JSON.stringify({ ...claim, process: process.pid }));
  const longAgo = new Date(Date.now() - 3_600_000);
  await utimes(file, longAgo, longAgo);
  const again = await tryLock(file);
  assert.ok(typeof again !== "number");
  await again.release();
  // Half a claim, as a process leaves it that died writing.
  await writeFile(file, '{"process":');
  await utimes(file, longAgo, longAgo);
  await (await lock(file)).release();
});

test("many ask for one lock at once: one after the other has it", async (t) => {
  const folders = await temporaryLibrary(t);
  const file = path.join(folders.modelsRoot, "a.json");
  let inside = 0;
  await Promise.all(
    Array.from({ length: 5 }, async () => {
      const held = await lock(file);
      assert.equal(++inside, 1);
      await wait(5);
      inside--;
      await held.release();
    }),
  );
});

test("a model in use is not deleted, until its user is gone", async (t) => {
  const hub = await startHub(t);
  const folders = await temporaryLibrary(t);
  const { state } = await get(getParams(folders, hub));
  assert.ok(state.kind === "ready");
  const claim = await claimUse(inUseFolder(folders.preparedRoot), [state.folder]);
  assert.deepEqual((await stateOf(folders)).users, [process.pid]);
  const model = { ...folders, model: "MGM-7B" };
  await assert.rejects(remove(model), failsWith({ code: "model-in-use", processes: [process.pid] }));
  assert.equal((await stateOf(folders)).state.kind, "ready");
  await claim.release();
  assert.deepEqual(await usersOf(inUseFolder(folders.preparedRoot), state.folder), []);
  await remove(model);
  assert.equal((await stateOf(folders)).state.kind, "absent");
  assert.deepEqual(await filesBelow(folders.modelsRoot), []);
  assert.deepEqual(await filesBelow(folders.preparedRoot), []);
});

test("verifying finds what was changed, and getting it again mends just that", async (t) => {
  const hub = await startHub(t);
  const folders = await temporaryLibrary(t);
  const model = { ...folders, model: "MGM-7B" };
  const { state } = await get(getParams(folders, hub, { keepPublished: true }));
  assert.ok(state.kind === "ready");
  await verify(model);

  const shard = path.join(folders.modelsRoot, "MGM-7B", "model-00001-of-00002.safetensors");
  const bytes = await readFile(shard);
  bytes[5_000] = (bytes[5_000] ?? 0) ^ 1;
  await writeFile(shard, bytes);
  const damaged = ["MGM-7B/model-00001-of-00002.safetensors"];
  await assert.rejects(verify(model), failsWith({ code: "model-damaged", files: damaged }));
  assert.equal((await stateOf(folders)).state.kind, "broken");
  hub.requests.length = 0;
  assert.equal((await get(getParams(folders, hub, { keepPublished: true }))).state.kind, "ready");
  const fetched = hub.fetched().filter((name) => /safetensors$|\.bin$/.test(name));
  assert.deepEqual(
    [...new Set(fetched)].filter((name) => name.includes("00001")),
    ["model-00001-of-00002.safetensors"],
  );
  await verify(model);
});

test("prepared networks that were changed are found out too, and made anew without a network", async (t) => {
  const hub = await startHub(t);
  const folders = await temporaryLibrary(t);
  const model = { ...folders, model: "MGM-7B" };
  await get(getParams(folders, hub, { keepPublished: true }));
  const name = (await filesBelow(folders.preparedRoot)).find((file) => file.endsWith("decoder-00001.bin"));
  assert.ok(name !== undefined);
  const file = path.join(folders.preparedRoot, name);
  const bytes = await readFile(file);
  bytes[100] = (bytes[100] ?? 0) ^ 1;
  await writeFile(file, bytes);
  await assert.rejects(verify(model), failsWith({ code: "model-damaged", files: [name] }));
  hub.fault = () => ({ kind: "status", status: 500 });
  assert.equal((await get(getParams(folders, hub, { keepPublished: true }))).state.kind, "ready");
  await verify(model);
});

test("files that are cut or missing make a model broken, whose state says which", async (t) => {
  const hub = await startHub(t);
  const folders = await temporaryLibrary(t);
  const { state } = await get(getParams(folders, hub));
  assert.ok(state.kind === "ready");
  await appendFile(path.join(state.folder, "decoder-00001.bin"), "x");
  const broken = (await stateOf(folders)).state;
  assert.ok(broken.kind === "broken" && broken.failure.code === "prepared-invalid", JSON.stringify(broken));
});

test("an encoder that another model needs stays when one is deleted", async (t) => {
  const hub = await startHub(t);
  const revision = catalogueEntry("MGM-13B")?.revision;
  assert.ok(revision);
  hub.publish("YanweiLi/MGM-13B", revision, path.join(golden, "checkpoints/MGM-7B"));
  const folders = await temporaryLibrary(t);
  await get(getParams(folders, hub, { keepPublished: true }));
  await get(getParams(folders, hub, { keepPublished: true, model: "MGM-13B" }));
  await remove({ ...folders, model: "MGM-7B" });
  const left = await filesBelow(folders.modelsRoot);
  assert.ok(left.includes("clip-vit-large-patch14-336/pytorch_model.bin"));
  await remove({ ...folders, model: "MGM-13B" });
  assert.deepEqual(await filesBelow(folders.modelsRoot), []);
});

/** A disk of a few megabytes; undefined where this process may not make one. */
async function smallDisk(t: TestContext, kibibytes: number): Promise<string | undefined> {
  const folder = await mkdtemp(path.join(os.tmpdir(), "small-disk-"));
  t.after(async () => {
    spawnSync("umount", ["-l", folder]);
    await rm(folder, { recursive: true, force: true });
  });
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${kibibytes}k`, "tmpfs", folder]).status === 0;
  return mounted ? folder : undefined;
}

for (const keepPublished of [false, true]) {
  test(`a disk that is too small is told before, and one that fills up in the middle loses nothing (${keepPublished ? "downloaded first" : "as it arrives"})`, async (t) => {
    const disk = await smallDisk(t, 6_000);
    if (disk === undefined) {
      t.skip("only root can mount a small disk");
      return;
    }
    const hub = await startHub(t);
    const folders = { modelsRoot: path.join(disk, "models"), preparedRoot: path.join(disk, "prepared") };
    const filler = path.join(disk, "filler");
    await writeFile(filler, Buffer.alloc(5_700_000));
    const params = getParams(folders, hub, { keepPublished });
    await assert.rejects(get(params), failsWith({ code: "disk-full" }));
    await rm(filler);
    // It fills up while the large files come.
    hub.pause = 30;
    const filled = get(params, {
      onPart: ({ stage, done, total }) => {
        if (stage === "downloading" && total > 1_000_000 && done > 1_000_000)
          void writeFile(filler, Buffer.alloc(5_900_000)).catch(() => undefined);
      },
    });
    await assert.rejects(filled, failsWith({ code: "disk-full" }));
    await rm(filler, { force: true });
    assert.equal((await stateOf(folders)).state.kind, "partial");
    hub.pause = 0;
    const bigger = spawnSync("mount", ["-o", "remount,size=40000k", disk]).status;
    assert.equal(bigger, 0);
    assert.equal((await get(params)).state.kind, "ready");
  });
}

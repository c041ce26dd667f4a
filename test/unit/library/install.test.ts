/** Models brought to a machine without a network, and folders used in place. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cp, mkdir, readFile, rename, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { before, test, type TestContext } from "node:test";
import { pack } from "tar-stream";
import { isModelFile } from "../../../src/engine/library/archive";
import { libraryHandlers } from "../../../src/engine/library/library";
import type { InstallResult, LibraryFolders } from "../../../src/shared/library-protocol";
import { failsWith } from "../weights/files";
import {
  buildWorker,
  filesBelow,
  get,
  getParams,
  golden,
  startHub,
  stateOf,
  temporaryLibrary,
  verify,
} from "./library";

before(buildWorker);

const quiet = { signal: new AbortController().signal, part: () => undefined };

const install = (folders: LibraryFolders, source: string): Promise<InstallResult> =>
  libraryHandlers.install({ ...folders, source, precision: "int4" }, quiet);

/** A model and its encoders, as somebody copied them from the hub by hand. */
async function copied(t: TestContext): Promise<string> {
  const { modelsRoot } = await temporaryLibrary(t);
  const folder = path.join(modelsRoot, "bundle");
  await mkdir(folder, { recursive: true });
  await cp(path.join(golden, "checkpoints/MGM-7B"), path.join(folder, "MGM-7B"), { recursive: true });
  for (const name of ["clip-vit-large-patch14-336", "openclip-convnext-large-d-320-laion2B-s29B-b131K-ft-soup"]) {
    await cp(path.join(golden, "encoders/OpenAI", name), path.join(folder, name), { recursive: true });
  }
  await writeFile(path.join(folder, "MGM-7B", "modeling_mgm.py"), "import os");
  return folder;
}

test("a folder of published models is copied, prepared and ready; code stays behind", async (t) => {
  const folders = await temporaryLibrary(t);
  const { installed } = await install(folders, await copied(t));
  assert.deepEqual(installed.map(({ kind }) => kind).sort(), ["encoder", "encoder", "published"]);
  const { state } = await stateOf(folders);
  assert.ok(state.kind === "ready" && state.published);
  assert.deepEqual(state.precisions, ["int4"]);
  assert.ok((await filesBelow(folders.modelsRoot)).every((name) => !name.endsWith(".py")));
});

for (const [kind, command] of [
  ["tar", ["tar", "-cf"]],
  ["tar.gz", ["tar", "-czf"]],
  ["zip", ["python3", "-m", "zipfile", "-c"]],
] as const) {
  test(`an archive (${kind})`, async (t) => {
    const folder = await copied(t);
    const archive = `${folder}.${kind}`;
    const [program, ...args] = command;
    const { status } = spawnSync(program, [...args, archive, path.basename(folder)], { cwd: path.dirname(folder) });
    assert.equal(status, 0);
    const folders = await temporaryLibrary(t);
    await install(folders, archive);
    assert.equal((await stateOf(folders)).state.kind, "ready");
  });
}

test("what one machine got and prepared is taken to another, and verified there", async (t) => {
  const hub = await startHub(t);
  const from = await temporaryLibrary(t);
  await get(getParams(from, hub));
  const storage = path.dirname(from.modelsRoot);
  const folders = await temporaryLibrary(t);
  await install(folders, storage);
  const { state } = await stateOf(folders);
  assert.ok(state.kind === "ready" && !state.published);
  await verify({ ...folders, model: "MGM-7B" });

  const prepared = (await filesBelow(from.preparedRoot)).find((name) => name.endsWith("decoder-00001.bin"));
  assert.ok(prepared !== undefined);
  const file = path.join(from.preparedRoot, prepared);
  const bytes = await readFile(file);
  bytes[7] = (bytes[7] ?? 0) ^ 1;
  await writeFile(file, bytes);
  await assert.rejects(install(await temporaryLibrary(t), storage), failsWith({ code: "model-damaged" }));
});

test("a model without its encoders is refused, and nothing is left of it", async (t) => {
  const folder = await copied(t);
  const folders = await temporaryLibrary(t);
  await assert.rejects(install(folders, path.join(folder, "MGM-7B")), failsWith({ code: "encoder-missing" }));
  assert.deepEqual(await filesBelow(folders.modelsRoot), []);
});

test("archives that are none, or hold none", async (t) => {
  const folders = await temporaryLibrary(t);
  await mkdir(folders.modelsRoot, { recursive: true });
  const file = (name: string): string => path.join(folders.modelsRoot, name);
  await writeFile(file("a.zip"), "not a zip");
  await writeFile(file("a.tgz"), "not gzip");
  await writeFile(file("a.rar"), "x");
  for (const name of ["a.zip", "a.tgz", "a.rar"]) {
    await assert.rejects(install(folders, file(name)), failsWith({ code: "archive-invalid" }));
  }
  await mkdir(file("empty"));
  await assert.rejects(install(folders, file("empty")), failsWith({ code: "archive-without-model" }));
  await assert.rejects(install(folders, file("nowhere")), failsWith({ code: "file-missing" }));
});

test("an archive's paths lead nowhere else, and its links are passed over", async (t) => {
  const folders = await temporaryLibrary(t);
  await mkdir(folders.modelsRoot, { recursive: true });
  const archive = path.join(folders.modelsRoot, "evil.tar");
  const tar = pack();
  tar.entry({ name: "../outside/config.json" }, "{}");
  tar.entry({ name: "/absolute/config.json" }, "{}");
  tar.entry({ name: "m/link.json", type: "symlink", linkname: "/etc/passwd" });
  tar.entry({ name: "m/run.py" }, "import os");
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar) chunks.push(chunk);
  await writeFile(archive, Buffer.concat(chunks));
  await assert.rejects(install(folders, archive), failsWith({ code: "archive-without-model" }));
  const left = await filesBelow(path.dirname(folders.modelsRoot));
  assert.deepEqual(left, ["models/evil.tar"]);
});

test("names of model files", () => {
  for (const name of ["m/config.json", "m/unet/diffusion_pytorch_model.fp16.safetensors", "p/decoder-00001.bin"]) {
    assert.ok(isModelFile(name), name);
  }
  for (const name of [
    "m/a.py",
    "../config.json",
    "m/../config.json",
    "/config.json",
    "m/training_args.bin",
    "C:/a.json",
  ]) {
    assert.ok(!isModelFile(name), name);
  }
});

test("a folder used in place is looked at first", async (t) => {
  const folder = await copied(t);
  const inspect = (place: string): Promise<unknown> => libraryHandlers.inspect({ folder: place }, quiet);
  assert.deepEqual(await inspect(path.join(folder, "MGM-7B")), {
    kind: "published",
    description: "MGM-7B (llama, 3 × 64)",
  });
  await assert.rejects(inspect(path.join(folder, "none")), failsWith({ code: "model-folder-missing" }));
  await assert.rejects(inspect(folder), failsWith({ code: "file-missing" }));
  await rename(path.join(folder, "clip-vit-large-patch14-336"), path.join(folder, "other"));
  await assert.rejects(inspect(path.join(folder, "MGM-7B")), failsWith({ code: "encoder-missing" }));
});

test("a hub's cache, whose files are links, can be installed from", async (t) => {
  const folder = await copied(t);
  const shard = path.join(folder, "MGM-7B", "model-00001-of-00002.safetensors");
  await rename(shard, path.join(folder, "blob"));
  await symlink("../blob", shard);
  const folders = await temporaryLibrary(t);
  await install(folders, folder);
  assert.equal((await stateOf(folders)).state.kind, "ready");
});

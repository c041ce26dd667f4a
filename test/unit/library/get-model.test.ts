/** Getting a model from a hub, whole and prepared: the files asked for, the digests, the prepared networks. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { before, test } from "node:test";
import { loadModel } from "../../../src/engine/pipeline/load-model";
import { prepareModel } from "../../../src/engine/pipeline/prepare-model";
import type { LibraryPart } from "../../../src/shared/library-protocol";
import {
  buildWorker,
  filesBelow,
  get,
  getParams,
  golden,
  modelCommit,
  startHub,
  stateOf,
  temporaryLibrary,
} from "./library";

before(buildWorker);

test("a model is prepared as it arrives, and equals the one prepared from its folder", async (t) => {
  const hub = await startHub(t);
  const folders = await temporaryLibrary(t);
  const parts: LibraryPart[] = [];
  const found = await get(getParams(folders, hub), { onPart: (part) => parts.push(part) });
  assert.ok(found.state.kind === "ready");
  assert.deepEqual([found.state.precisions, found.state.published], [["int4"], false]);
  assert.equal(found.revision, modelCommit);

  const { folder } = await prepareModel({
    model: path.join(golden, "checkpoints/MGM-7B"),
    encoders: path.join(golden, "encoders"),
    precision: "int4",
    preparedRoot: path.join(folders.preparedRoot, "other"),
  });
  const names = await filesBelow(folder);
  assert.deepEqual(await filesBelow(found.state.folder), names);
  for (const name of names.filter((file) => file !== "manifest.json")) {
    const [a, b] = await Promise.all([found.state.folder, folder].map((place) => readFile(path.join(place, name))));
    assert.ok(a?.equals(b ?? Buffer.alloc(0)), `${name} differs`);
  }
  // No published weights are left, and nothing that was only on the way.
  const left = [...(await filesBelow(folders.modelsRoot)), ...(await filesBelow(folders.preparedRoot))];
  assert.deepEqual(
    left.filter((name) => /safetensors$|pytorch|\.part$|arriving|preparing/.test(name)),
    [],
  );
  const last = parts.filter(({ stage }) => stage === "downloading").at(-1);
  assert.equal(last?.done, last?.total);
});

test("only the needed files are asked for: no pickle where safetensors exist, no code", async (t) => {
  const hub = await startHub(t);
  const folders = await temporaryLibrary(t);
  await get(getParams(folders, hub));
  assert.deepEqual([...new Set(hub.fetched())].sort(), [
    "config.json",
    "generation_config.json",
    "model-00001-of-00002.safetensors",
    "model-00002-of-00002.safetensors",
    "model.safetensors.index.json",
    "open_clip_config.json",
    "open_clip_pytorch_model.bin",
    "preprocessor_config.json",
    "pytorch_model.bin",
    "special_tokens_map.json",
    "tokenizer.model",
    "tokenizer_config.json",
  ]);
  assert.ok(
    hub.requests.every(({ path: asked }) => !asked.includes("/resolve/main/")),
    "every file at its commit",
  );
});

test("published files are kept where that is wished, and a second precision needs no network", async (t) => {
  const hub = await startHub(t);
  const folders = await temporaryLibrary(t);
  const found = await get(getParams(folders, hub, { keepPublished: true }));
  assert.deepEqual(found.state, {
    kind: "ready",
    folder: path.join(folders.modelsRoot, "MGM-7B"),
    precisions: ["int4"],
    published: true,
  });
  const shard = "model-00002-of-00002.safetensors";
  const [kept, original] = await Promise.all(
    [path.join(folders.modelsRoot, "MGM-7B", shard), path.join(golden, "checkpoints/MGM-7B", shard)].map((file) =>
      readFile(file),
    ),
  );
  assert.ok(kept?.equals(original ?? Buffer.alloc(0)));
  const asked = hub.requests.length;
  const again = await get(getParams(folders, hub, { keepPublished: true, precision: "int8" }));
  assert.ok(again.state.kind === "ready");
  assert.deepEqual(again.state.precisions, ["int4", "int8"]);
  assert.equal(hub.requests.length, asked);
});

test("a checkpoint of pickles alone is downloaded and prepared", async (t) => {
  const hub = await startHub(t, "MGM-7B");
  const repository = hub.repositories.get("YanweiLi/MGM-7B");
  assert.ok(repository);
  const files = new Map(
    [...repository.files].filter(([name]) => !name.includes("safetensors") && !/00001-of-00001/.test(name)),
  );
  hub.repositories.set("YanweiLi/MGM-7B", { ...repository, files });
  files.set(
    "pytorch_model.bin.index.json",
    await readFile(path.join(golden, "checkpoints/MGM-7B/pytorch_model.bin.index.json")),
  );
  const folders = await temporaryLibrary(t);
  const found = await get(getParams(folders, hub, { model: "MGM-7B" }));
  assert.ok(found.state.kind === "ready" && !found.state.published);
});

test("a server that knows no ranges is downloaded from whole", async (t) => {
  const hub = await startHub(t);
  hub.fault = () => ({ kind: "no-ranges" });
  const folders = await temporaryLibrary(t);
  const found = await get(getParams(folders, hub));
  assert.equal(found.state.kind, "ready");
});

test("the token goes to the hub and never to the servers that it redirects to", async (t) => {
  const hub = await startHub(t);
  hub.token = "hf_secret";
  const folders = await temporaryLibrary(t);
  const params = getParams(folders, hub);
  await get({ ...params, network: { ...params.network, token: "hf_secret" } });
  const cdn = hub.requests.filter(({ server }) => server === "cdn");
  assert.ok(cdn.length > 0);
  assert.ok(cdn.every(({ authorization }) => authorization === undefined));
  const written = await Promise.all(
    (await filesBelow(folders.modelsRoot)).map((name) => readFile(path.join(folders.modelsRoot, name), "latin1")),
  );
  assert.ok(written.every((text) => !text.includes("hf_secret")));
});

test("the commit of the first download is the one that is gone on with", async (t) => {
  const hub = await startHub(t);
  const folders = await temporaryLibrary(t);
  hub.fault = ({ server }) => (server === "cdn" ? { kind: "status", status: 404 } : undefined);
  await assert.rejects(get(getParams(folders, hub)));
  assert.equal((await stateOf(folders)).revision, modelCommit);
  hub.fault = () => undefined;
  hub.requests.length = 0;
  await get(getParams(folders, hub));
  assert.ok(hub.requests.every(({ path: asked }) => !asked.includes("/revision/main")));
});

test("the device that was the fastest is told once a question has timed them", async (t) => {
  const folders = await temporaryLibrary(t);
  const found = await get(getParams(folders, await startHub(t)));
  assert.ok(found.state.kind === "ready");
  assert.equal(found.fastest, null);
  const load = { model: found.state.folder, precision: "int4", preparedRoot: folders.preparedRoot } as const;
  const model = await loadModel({ ...load, device: "auto", threads: 1 });
  await model.dispose();
  assert.equal((await stateOf(folders)).fastest, model.loaded.device);
});

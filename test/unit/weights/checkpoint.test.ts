import assert from "node:assert/strict";
import { copyFile, mkdir, rm, symlink, truncate, writeFile } from "node:fs/promises";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { openCheckpoint } from "../../../src/engine/weights/checkpoint";
import { failsWith, floats, temporaryFolder, writeCountingTensors } from "./files";

const indexName = "model.safetensors.index.json";
const fixtures = path.join(import.meta.dirname, "fixtures");

const writeIndex = (folder: string, map: Readonly<Record<string, unknown>>): Promise<void> =>
  writeFile(path.join(folder, indexName), JSON.stringify({ metadata: { total_size: 24 }, weight_map: map }));

/** Two shards: a in one.safetensors, b and c in two.safetensors. */
async function sharded(t: TestContext): Promise<string> {
  const folder = await temporaryFolder(t);
  await writeCountingTensors(path.join(folder, "one.safetensors"), { a: [2] });
  await writeCountingTensors(path.join(folder, "two.safetensors"), { b: [3], c: [1] });
  await writeIndex(folder, { a: "one.safetensors", b: "two.safetensors", c: "two.safetensors" });
  return folder;
}

test("shards under an index are one checkpoint", async (t) => {
  const folder = await sharded(t);
  const checkpoint = await openCheckpoint(folder);
  assert.equal(checkpoint.location, folder);
  assert.deepEqual([...checkpoint.names].sort(), ["a", "b", "c"]);
  assert.deepEqual(floats(checkpoint, "b"), [0, 1, 2]);
  assert.deepEqual(floats(checkpoint, "c"), [3]);
  assert.equal(checkpoint.get("d"), undefined);
});

test("safetensors are preferred to pickles, which are read where there is nothing else", async (t) => {
  const folder = await temporaryFolder(t);
  await copyFile(path.join(fixtures, "state-dict.bin"), path.join(folder, "pytorch_model.bin"));
  assert.deepEqual((await openCheckpoint(folder)).names, ["weight", "bias"]);
  await writeCountingTensors(path.join(folder, "model.safetensors"), { a: [2] });
  assert.deepEqual((await openCheckpoint(folder)).names, ["a"]);
});

test("pickles may be sharded too", async (t) => {
  const folder = await temporaryFolder(t);
  await copyFile(path.join(fixtures, "state-dict.bin"), path.join(folder, "pytorch_model-00001-of-00001.bin"));
  const index = {
    weight_map: { weight: "pytorch_model-00001-of-00001.bin", bias: "pytorch_model-00001-of-00001.bin" },
  };
  await writeFile(path.join(folder, "pytorch_model.bin.index.json"), JSON.stringify(index));
  assert.deepEqual((await openCheckpoint(folder)).names, ["weight", "bias"]);
});

test("a folder that is missing, and one without weights, are told apart", async (t) => {
  const folder = await temporaryFolder(t);
  await assert.rejects(openCheckpoint(path.join(folder, "none")), failsWith({ code: "model-folder-missing" }));
  await assert.rejects(openCheckpoint(folder), failsWith({ code: "file-missing" }));
});

for (const entry of [
  "../outside.safetensors",
  "/etc/passwd",
  "C:\\Windows\\win.ini",
  "..\\outside.safetensors",
  "sub/one.safetensors",
  "./one.safetensors",
  "..",
  ".",
  "",
  "one.safetensors\0",
]) {
  test(`refused: an index that names ${JSON.stringify(entry)}`, async (t) => {
    const folder = await sharded(t);
    await writeCountingTensors(path.join(folder, "..", `${path.basename(folder)}-outside`), { a: [2] });
    t.after(() => rm(`${folder}-outside`));
    await writeIndex(folder, { a: entry });
    await assert.rejects(openCheckpoint(folder), failsWith({ code: "index-outside-folder", entry }));
  });
}

test(
  "a link that leads outside is refused, one within the folder is not",
  { skip: process.platform === "win32" },
  async (t) => {
    const folder = await sharded(t);
    const outside = await temporaryFolder(t);
    await writeCountingTensors(path.join(outside, "x.safetensors"), { a: [2] });
    const link = path.join(folder, "link.safetensors");
    await symlink(path.join(outside, "x.safetensors"), link);
    await writeIndex(folder, { a: "link.safetensors" });
    await assert.rejects(
      openCheckpoint(folder),
      failsWith({ code: "index-outside-folder", entry: "link.safetensors" }),
    );
    await rm(link);
    await symlink("one.safetensors", link);
    assert.deepEqual((await openCheckpoint(folder)).names, ["a"]);
    await rm(link);
    await symlink("nowhere", link);
    await assert.rejects(openCheckpoint(folder), failsWith({ code: "file-missing" }));
  },
);

test(
  "the hub's cache, whose files are links into blobs, is read",
  { skip: process.platform === "win32" },
  async (t) => {
    const root = await temporaryFolder(t);
    const snapshot = path.join(root, "models--owner--name", "snapshots", "0123abcd");
    const blobs = path.join(root, "models--owner--name", "blobs");
    await mkdir(snapshot, { recursive: true });
    await mkdir(blobs);
    await writeCountingTensors(path.join(blobs, "cafe"), { a: [2] });
    await writeFile(path.join(blobs, "beef"), JSON.stringify({ weight_map: { a: "one.safetensors" } }));
    await symlink("../../blobs/cafe", path.join(snapshot, "one.safetensors"));
    await symlink("../../blobs/beef", path.join(snapshot, indexName));
    assert.deepEqual(floats(await openCheckpoint(snapshot), "a"), [0, 1]);
  },
);

test("what the index says and the shards hold must agree", async (t) => {
  const folder = await sharded(t);
  const [one, two] = ["one.safetensors", "two.safetensors"];
  await writeIndex(folder, { a: one, b: two, d: two });
  await assert.rejects(
    openCheckpoint(folder),
    failsWith({ code: "weight-missing", tensor: "d", file: path.join(folder, two) }),
  );
  await writeIndex(folder, { a: two, b: one });
  await assert.rejects(openCheckpoint(folder), failsWith({ code: "weight-missing", tensor: "a" }));
  await writeIndex(folder, { a: one, b: two, e: "three.safetensors" });
  await assert.rejects(openCheckpoint(folder), failsWith({ code: "file-missing" }));
  await writeCountingTensors(path.join(folder, one), { a: [2], c: [1] });
  await writeIndex(folder, { a: one, b: two });
  await assert.rejects(openCheckpoint(folder), failsWith({ code: "weight-duplicate", tensor: "c" }));
});

const indices: readonly (readonly [string, string])[] = [
  ["no JSON", "weight_map"],
  ["no weight_map", "{}"],
  ["a weight_map that is a list", '{"weight_map":[]}'],
  ["a file name that is a number", '{"weight_map":{"a":1}}'],
  ["a file name that is a list", '{"weight_map":{"a":["one.safetensors"]}}'],
  ["two weight_maps", '{"weight_map":{},"weight_map":{}}'],
  ["nothing", ""],
];
for (const [what, text] of indices) {
  test(`refused: an index with ${what}`, async (t) => {
    const folder = await temporaryFolder(t);
    await writeFile(path.join(folder, indexName), text);
    await assert.rejects(openCheckpoint(folder), failsWith({ code: "weights-header" }));
  });
}

test("an index that names a tensor twice, or is too large, is refused", async (t) => {
  const folder = await temporaryFolder(t);
  const index = path.join(folder, indexName);
  await writeFile(index, '{"weight_map":{"a":"one.safetensors","a":"two.safetensors"}}');
  await assert.rejects(openCheckpoint(folder), failsWith({ code: "weight-duplicate", tensor: "a" }));
  await truncate(index, 200 * 2 ** 20);
  await assert.rejects(openCheckpoint(folder), failsWith({ code: "file-too-large" }));
});

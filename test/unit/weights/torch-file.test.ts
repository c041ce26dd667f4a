import assert from "node:assert/strict";
import { truncate, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { openTorchFile } from "../../../src/engine/weights/torch-file";
import { failsWith, floats, temporaryFolder } from "./files";
import { dictionaryPickle, op, type TensorParts, tensorPickle, torchEntries, zipBytes } from "./torch-archive";

const fixtures = path.join(import.meta.dirname, "fixtures");
const ramp = Array.from({ length: 12 }, (_, index) => index / 4 - 1);

test("files that PyTorch wrote are read", async () => {
  const flat = await openTorchFile(path.join(fixtures, "flat.bin"));
  for (const name of ["f32", "f16", "bf16", "f64"]) {
    assert.deepEqual(flat.get(name)?.dims, [3, 4]);
    assert.deepEqual(floats(flat, name), ramp, name);
  }
  assert.deepEqual(floats(flat, "scalar"), [2.5]);
  assert.deepEqual(floats(flat, "parameter"), ramp.slice(0, 4));
  assert.deepEqual(floats(flat, "row"), ramp.slice(4, 8), "a view into the storage of f32");
  assert.deepEqual(flat.get("empty")?.dims, [0, 3]);
  assert.equal(flat.get("i64")?.type, "int64");
  const nested = await openTorchFile(path.join(fixtures, "nested.bin"));
  assert.deepEqual(nested.names, ["weight"]);
  assert.deepEqual(floats(nested, "weight"), ramp);
  const module = await openTorchFile(path.join(fixtures, "state-dict.bin"));
  assert.deepEqual(module.names, ["weight", "bias"]);
});

test("files that PyTorch wrote otherwise are refused with the reason", async () => {
  const refused = (name: string): Promise<unknown> => openTorchFile(path.join(fixtures, name));
  await assert.rejects(
    refused("module.bin"),
    failsWith({ code: "pickle-refused", found: "torch.nn.modules.linear.Linear" }),
  );
  await assert.rejects(refused("strided.bin"), /strided view/);
  await assert.rejects(refused("legacy.bin"), /PyTorch before 1\.6/);
  await assert.rejects(refused("plain.safetensors"), failsWith({ code: "weights-header" }));
});

test("a file cut off anywhere is refused", async (t) => {
  const file = path.join(await temporaryFolder(t), "pytorch_model.bin");
  const whole = zipBytes(torchEntries(dictionaryPickle([["weight", tensorPickle()]])));
  for (let length = 0; length < whole.length; length += 7) {
    await writeFile(file, whole.subarray(0, length));
    await assert.rejects(openTorchFile(file), failsWith({ code: "weights-header" }), `${length}`);
  }
  await writeFile(file, whole);
  assert.deepEqual((await openTorchFile(file)).get("weight")?.dims, [4]);
});

test("archives of more than four gigabytes, and with a comment, are read", async (t) => {
  const file = path.join(await temporaryFolder(t), "pytorch_model.bin");
  const storage = Buffer.from(Float32Array.of(1, 2, 3, 4).buffer);
  const entries = torchEntries(dictionaryPickle([["weight", tensorPickle()]]), { "0": storage });
  for (const options of [{ wide: true }, { comment: "a comment" }, {}]) {
    await writeFile(file, zipBytes(entries, options));
    assert.deepEqual(floats(await openTorchFile(file), "weight"), [1, 2, 3, 4]);
  }
});

const good = dictionaryPickle([["weight", tensorPickle()]]);
const [pickle = { name: "", data: good }, ...others] = torchEntries(good);
const { MAX_SAFE_INTEGER: huge } = Number;

const archives: readonly (readonly [string, Buffer, string])[] = [
  ["no pickle", zipBytes(others), "it has no data.pkl"],
  ["a compressed pickle", zipBytes([{ ...pickle, method: 8 }, ...others]), "archive/data.pkl is compressed"],
  [
    "a pickle that grows",
    zipBytes([{ ...pickle, uncompressed: 2 ** 31 }, ...others]),
    "archive/data.pkl is compressed",
  ],
  ["an encrypted pickle", zipBytes([{ ...pickle, flags: 1 }, ...others]), "archive/data.pkl is encrypted"],
  [
    "an entry longer than the file",
    zipBytes([{ ...pickle, size: 1e9 }, ...others]),
    "archive/data.pkl lies outside the file",
  ],
  [
    "an entry of 2⁵³ bytes",
    zipBytes([{ ...pickle, size: huge }, ...others], { wide: true }),
    "archive/data.pkl lies outside the file",
  ],
  [
    "an entry beyond the file",
    zipBytes([{ ...pickle, header: 1e9 }, ...others]),
    "archive/data.pkl lies outside the file",
  ],
  [
    "an entry that is another's",
    zipBytes([{ ...pickle, header: 3 }, ...others]),
    "archive/data.pkl is not where the directory says",
  ],
  ["an entry twice", zipBytes([pickle, pickle, ...others]), "archive/data.pkl comes twice"],
  ["more entries than are listed", zipBytes([pickle, ...others], { count: 9 }), "its directory is damaged"],
  [
    "a billion entries",
    zipBytes([pickle, ...others], { wide: true, count: 1e9 }),
    "its directory has 1000000000 entries",
  ],
  [
    "big-endian numbers",
    zipBytes([pickle, { name: "archive/byteorder", data: Buffer.from("big") }]),
    "its numbers are not little-endian",
  ],
  [
    "a word of 20 bytes for the byte order",
    zipBytes([pickle, { name: "archive/byteorder", data: Buffer.alloc(20) }]),
    "archive/byteorder has 20 bytes",
  ],
  [
    "no dictionary",
    zipBytes(torchEntries(Buffer.concat([op.proto, op.emptyList, op.stop]))),
    "it holds no dictionary of tensors",
  ],
  [
    "a strided tensor",
    zipBytes(torchEntries(dictionaryPickle([["w", tensorPickle({ dims: [2, 2], strides: [1, 2] })]]))),
    "w is a strided view: save it with .contiguous()",
  ],
  [
    "a tensor that repeats itself",
    zipBytes(torchEntries(dictionaryPickle([["w", tensorPickle({ dims: [4], strides: [0] })]]))),
    "w is a strided view: save it with .contiguous()",
  ],
];

for (const [what, bytes, reason] of archives) {
  test(`refused: ${what}`, async (t) => {
    const file = path.join(await temporaryFolder(t), "pytorch_model.bin");
    await writeFile(file, bytes);
    await assert.rejects(openTorchFile(file), failsWith({ code: "weights-header", file, reason }));
  });
}

const outside: readonly (readonly [string, TensorParts])[] = [
  ["a storage that is not there", { storage: "1" }],
  ["a storage outside the folder", { storage: "../../../etc/passwd" }],
  ["a storage said to be longer than it is", { storageElements: 5 }],
  ["more elements than the storage has", { dims: [5] }],
  ["an offset beyond the storage", { offset: 1 }],
  ["an offset of 2⁵³", { offset: huge }],
  ["a product beyond 2⁵³", { dims: [huge, huge, 4], strides: [1, 1, 1] }],
  ["a product of infinity and 0", { dims: [...Array<number>(31).fill(huge), 0], strides: Array<number>(32).fill(1) }],
  ["elements wider than the storage", { storageType: "DoubleStorage" }],
];

for (const [what, parts] of outside) {
  test(`refused: ${what}`, async (t) => {
    const file = path.join(await temporaryFolder(t), "pytorch_model.bin");
    await writeFile(file, zipBytes(torchEntries(dictionaryPickle([["w", tensorPickle(parts)]]))));
    await assert.rejects(openTorchFile(file), failsWith({ code: "weight-range", tensor: "w" }));
  });
}

test("an archive that is all directory is refused in seconds", async (t) => {
  const file = path.join(await temporaryFolder(t), "pytorch_model.bin");
  const entries = Array.from({ length: 65_000 }, (_, index) => ({
    name: `archive/data/${index}`,
    data: Buffer.alloc(0),
  }));
  await writeFile(file, zipBytes(entries));
  const before = performance.now();
  await assert.rejects(openTorchFile(file), failsWith({ code: "weights-header", reason: "it has no data.pkl" }));
  await truncate(file, 1000);
  await assert.rejects(openTorchFile(file), failsWith({ code: "weights-header" }));
  assert.ok(performance.now() - before < 20_000);
});

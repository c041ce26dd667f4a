import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { truncate, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { openSafetensors } from "../../../src/engine/weights/safetensors";
import { writeSafetensors } from "../../../src/engine/weights/write-safetensors";
import { failsWith, floats, safetensorsBytes, temporaryFolder } from "./files";

const fixture = path.join(import.meta.dirname, "fixtures", "plain.safetensors");

const ramp = Array.from({ length: 12 }, (_, index) => index / 4 - 1);

test("a file of the format's own library is read", async () => {
  const checkpoint = await openSafetensors(fixture);
  assert.deepEqual([...checkpoint.names].sort(), ["bf16", "empty", "f16", "f32", "f64", "i64", "parameter", "scalar"]);
  for (const name of ["f32", "f16", "bf16", "f64"]) {
    assert.deepEqual(checkpoint.get(name)?.dims, [3, 4]);
    assert.deepEqual(floats(checkpoint, name), ramp, name);
  }
  assert.deepEqual(floats(checkpoint, "scalar"), [2.5]);
  assert.deepEqual(checkpoint.get("scalar")?.dims, []);
  assert.deepEqual(checkpoint.get("empty")?.dims, [0, 3]);
  assert.equal(checkpoint.get("i64")?.type, "int64");
  assert.equal(checkpoint.get("__metadata__"), undefined);
  assert.equal(checkpoint.get("toString"), undefined);
});

test("what is written is read again", async (t) => {
  const file = path.join(await temporaryFolder(t), "out.safetensors");
  await writeSafetensors(file, [
    { name: "ids", dims: [1, 3], data: BigInt64Array.of(1n, -2n, 3n) },
    { name: "naïve ✓", dims: [2, 2], data: Float32Array.of(1, 2, 3, 4.5) },
    { name: "__proto__", dims: [0], data: new Float32Array(0) },
  ]);
  const checkpoint = await openSafetensors(file);
  assert.deepEqual(checkpoint.names, ["ids", "naïve ✓", "__proto__"]);
  assert.deepEqual(floats(checkpoint, "naïve ✓"), [1, 2, 3, 4.5]);
  assert.equal((checkpoint.get("ids")?.offset ?? 1) % 8, 0);
});

test("what cannot be written is refused or leaves no file", async (t) => {
  const folder = await temporaryFolder(t);
  const data = new Float32Array(1);
  const file = path.join(folder, "out.safetensors");
  await assert.rejects(writeSafetensors(file, [{ name: "a", dims: [2], data }]), TypeError);
  await assert.rejects(
    writeSafetensors(file, [
      { name: "a", dims: [1], data },
      { name: "a", dims: [1], data },
    ]),
    TypeError,
  );
  await assert.rejects(
    writeSafetensors(path.join(folder, "none", "out.safetensors"), [{ name: "a", dims: [1], data }]),
    failsWith({ code: "write-failed", reason: "ENOENT" }),
  );
});

const f32 = (begin: number, end: number, shape: readonly number[] = [(end - begin) / 4]): object => ({
  dtype: "F32",
  shape,
  data_offsets: [begin, end],
});
const { MAX_SAFE_INTEGER: huge } = Number;

const faults: readonly (readonly [string, Buffer, Parameters<typeof failsWith>[0]])[] = [
  ["no bytes", Buffer.alloc(0), { code: "weights-header" }],
  ["seven bytes", Buffer.alloc(7), { code: "weights-header" }],
  ["a header longer than the file", Buffer.from([9, 0, 0, 0, 0, 0, 0, 0, 0x7b]), { code: "weights-header" }],
  ["a header of 2⁶⁴ − 1 bytes", Buffer.alloc(64, 0xff), { code: "weights-header" }],
  ["an empty header", safetensorsBytes(""), { code: "weights-header" }],
  ["a list", safetensorsBytes("[]"), { code: "weights-header" }],
  ["cut JSON", safetensorsBytes('{"a":{"dtype":"F32"'), { code: "weights-header" }],
  ["JSON with more behind it", safetensorsBytes("{} {}"), { code: "weights-header" }],
  ["no dtype", safetensorsBytes({ a: { shape: [], data_offsets: [0, 4] } }, 4), { code: "weights-header" }],
  ["no shape", safetensorsBytes({ a: { dtype: "F32", data_offsets: [0, 4] } }, 4), { code: "weights-header" }],
  ["one offset", safetensorsBytes({ a: { dtype: "U8", shape: [0], data_offsets: [0] } }), { code: "weights-header" }],
  ["an entry that is null", safetensorsBytes('{"a":null}'), { code: "weights-header" }],
  ["a size below 0", safetensorsBytes({ a: f32(0, 4, [-1]) }, 4), { code: "weights-header" }],
  ["two sizes below 0", safetensorsBytes({ a: f32(0, 4, [-1, -1]) }, 4), { code: "weights-header" }],
  ["a size of 1.5", safetensorsBytes({ a: f32(0, 6, [1.5]) }, 6), { code: "weights-header" }],
  ["a size that is a text", safetensorsBytes('{"a":{"dtype":"F32","shape":["1"]}}'), { code: "weights-header" }],
  ["33 axes", safetensorsBytes({ a: f32(0, 4, Array(33).fill(1) as number[]) }, 4), { code: "weights-header" }],
  ["sizes whose product overflows", safetensorsBytes({ a: f32(0, 0, [huge, huge]) }), { code: "weight-range" }],
  [
    "sizes of infinity times 0",
    safetensorsBytes({ a: f32(0, 0, Array(32).fill(huge) as number[]) }),
    { code: "weight-range" },
  ],
  ["10⁹ × 10⁹", safetensorsBytes({ a: f32(0, 4, [1e9, 1e9]) }, 4), { code: "weight-range", tensor: "a" }],
  [
    "an unknown dtype",
    safetensorsBytes({ a: { ...f32(0, 4), dtype: "F8_E4M3" } }, 4),
    { code: "weight-dtype", found: "F8_E4M3" },
  ],
  [
    "a dtype named like a method",
    safetensorsBytes({ a: { ...f32(0, 4), dtype: "toString" } }, 4),
    { code: "weight-dtype" },
  ],
  ["fewer bytes than the shape says", safetensorsBytes({ a: f32(0, 4, [2]) }, 8), { code: "weight-range" }],
  ["an end before the beginning", safetensorsBytes({ a: f32(8, 4, [1]) }, 8), { code: "weight-range" }],
  ["data beyond the file", safetensorsBytes({ a: f32(0, 8) }, 7), { code: "weight-range", begin: 0, end: 8 }],
  [
    "overlapping data",
    safetensorsBytes({ a: f32(0, 8), b: f32(4, 12) }, 12),
    { code: "weight-overlap", tensor: "a", other: "b" },
  ],
  ["the same data twice", safetensorsBytes({ a: f32(0, 8), b: f32(0, 8) }, 8), { code: "weight-overlap" }],
  ["misaligned data", safetensorsBytes({ a: f32(1, 5) }, 5), { code: "weights-header" }],
  ["a hole", safetensorsBytes({ a: f32(0, 4), b: f32(8, 12) }, 12), { code: "weights-header" }],
  ["bytes behind the data", safetensorsBytes({ a: f32(0, 4) }, 5), { code: "weights-header" }],
  [
    "a name twice",
    safetensorsBytes(
      '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}',
      2,
    ),
    { code: "weight-duplicate", tensor: "a" },
  ],
  [
    "a field twice",
    safetensorsBytes('{"a":{"dtype":"U8","dtype":"I8","shape":[0],"data_offsets":[0,0]}}'),
    { code: "weights-header" },
  ],
  [
    "a web page",
    Buffer.from("<!DOCTYPE html><html><body>Sign in to continue</body></html>"),
    { code: "weights-header", reason: "it is a web page, not the file itself" },
  ],
  [
    "a Git LFS pointer",
    Buffer.from("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 4945242264\n"),
    { code: "weights-header", reason: "it is a Git LFS pointer, not the file itself" },
  ],
];

for (const [what, bytes, failure] of faults) {
  test(`refused: ${what}`, async (t) => {
    const file = path.join(await temporaryFolder(t), "model.safetensors");
    await writeFile(file, bytes);
    await assert.rejects(openSafetensors(file), failsWith({ ...failure }));
  });
}

test("a missing file, a folder, a pipe and a file cut off are told apart", async (t) => {
  const folder = await temporaryFolder(t);
  const file = path.join(folder, "cut.safetensors");
  await assert.rejects(openSafetensors(path.join(folder, "none")), failsWith({ code: "file-missing" }));
  await assert.rejects(openSafetensors(folder), failsWith({ code: "file-unreadable", file: folder }));
  await writeFile(file, safetensorsBytes({ a: f32(0, 400) }, 400));
  await truncate(file, 300);
  await assert.rejects(openSafetensors(file), failsWith({ code: "weight-range", tensor: "a" }));
  if (process.platform === "win32") return;
  const pipe = path.join(folder, "pipe");
  execFileSync("mkfifo", [pipe]);
  await assert.rejects(openSafetensors(pipe), failsWith({ code: "file-unreadable" }));
});

test("a header of 101 MB is refused unread", async (t) => {
  const file = path.join(await temporaryFolder(t), "large.safetensors");
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(101_000_000n);
  await writeFile(file, length);
  await truncate(file, 102_000_000);
  const before = performance.now();
  await assert.rejects(openSafetensors(file), failsWith({ code: "weights-header" }));
  assert.ok(performance.now() - before < 1000);
});

test("a million tensors are read in seconds, a hundred megabytes of brackets are refused in seconds", async (t) => {
  const file = path.join(await temporaryFolder(t), "many.safetensors");
  const entry = (_: unknown, i: number): string => `"t${i}":{"dtype":"U8","shape":[1],"data_offsets":[${i},${i + 1}]}`;
  await writeFile(file, safetensorsBytes(`{${Array.from({ length: 1_000_000 }, entry).join()}}`, 1_000_000));
  const before = performance.now();
  assert.equal((await openSafetensors(file)).names.length, 1_000_000);
  for (const filling of ["[", "[],", '{"a":', " "]) {
    const text = filling.repeat(Math.floor(90_000_000 / filling.length));
    await writeFile(file, safetensorsBytes(`{"a":${text}`));
    await assert.rejects(openSafetensors(file), failsWith({ code: "weights-header" }));
  }
  assert.ok(performance.now() - before < 60_000);
});

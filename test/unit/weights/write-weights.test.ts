import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, open, readFile, rename, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { before, test, type TestContext } from "node:test";
import { build } from "esbuild";
import { packageRoot } from "../../../src/engine/platform/package-root";
import { quantiseRows } from "../../../src/engine/weights/quantise";
import type { StoredTensor } from "../../../src/engine/weights/tensor";
import { WorkerPool } from "../../../src/engine/weights/worker-pool";
import type { WriteJob } from "../../../src/engine/weights/placement";
import { writeWeights } from "../../../src/engine/weights/write-weights";
import { failsWith, temporaryFolder } from "./files";

before(async () => {
  const dist = path.join(packageRoot(), "dist");
  const outfile = path.join(dist, `quantise-worker.${process.pid}.js`);
  await mkdir(dist, { recursive: true });
  const entry = path.join(packageRoot(), "src/engine/weights/quantise-worker.ts");
  await build({ entryPoints: [entry], outfile, bundle: true, platform: "node", format: "cjs", target: "node20" });
  await rename(outfile, path.join(dist, "quantise-worker.js"));
});

const waves = (length: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => Math.sin(i * 0.37) / (1 + (i % 7)));

async function store(
  folder: string,
  name: string,
  dims: readonly number[],
  values: Float32Array,
): Promise<StoredTensor> {
  const file = path.join(folder, name);
  await writeFile(file, new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  return { name, file, offset: 0, byteLength: values.byteLength, type: "float32", dims };
}

const blocks = { kind: "blocks", bits: 4, blockSize: 32, symmetric: false } as const;
const blockOutputs = (rows: number, columns: number): WriteJob["outputs"] => [
  { type: "uint8", dims: [rows, columns / 32, 16] },
  { type: "float32", dims: [rows, columns / 32] },
  { type: "uint8", dims: [rows, Math.ceil(columns / 64)] },
];

async function jobsIn(folder: string): Promise<readonly WriteJob[]> {
  const query = await store(folder, "query", [96, 64], waves(96 * 64));
  const key = await store(folder, "key", [32, 64], waves(32 * 64).reverse());
  const norm = await store(folder, "norm", [64], waves(64));
  const large = await store(folder, "large", [2600, 2048], waves(2600 * 2048));
  return [
    { tensors: [norm], transform: { kind: "float32", add: 1 }, outputs: [{ type: "float32", dims: [64] }] },
    { tensors: [query, key], transform: blocks, outputs: blockOutputs(128, 64) },
    { tensors: [large], transform: blocks, outputs: blockOutputs(2600, 2048) },
    { tensors: [large], transform: { kind: "float32" }, outputs: [{ type: "float32", dims: [2600, 2048] }] },
  ];
}

test("outputs lie where they are said to lie, joined by rows, whatever the number of threads", async (t) => {
  const folder = await temporaryFolder(t);
  const jobs = await jobsIn(folder);
  const files: Buffer[] = [];
  for (const threads of [1, 3]) {
    const pool = new WorkerPool(threads);
    t.after(() => pool.dispose());
    const file = path.join(folder, `out-${threads}`);
    let written = 0;
    const placements = await writeWeights(file, jobs, { pool, onWritten: (bytes) => (written += bytes) });
    const bytes = await readFile(file);
    files.push(bytes);
    assert.equal(placements.length, 8);
    assert.ok(placements.every(({ offset }) => offset % 4096 === 0));
    assert.equal(
      written,
      placements.reduce((n, { length }) => n + length, 0),
    );
    const part = (index: number): Buffer => {
      const { offset, length } = placements[index] ?? { offset: 0, length: 0 };
      return bytes.subarray(offset, offset + length);
    };
    const joined = quantiseRows(Float32Array.of(...waves(96 * 64), ...waves(32 * 64).reverse()), 64, blocks);
    assert.ok(part(0).equals(Buffer.from(waves(64).map((value) => value + 1).buffer)));
    assert.ok(part(1).equals(joined.codes));
    assert.ok(part(2).equals(Buffer.from(joined.scales.buffer)));
    assert.ok(part(3).equals(joined.zeros ?? Buffer.alloc(0)));
    const large = quantiseRows(waves(2600 * 2048), 2048, blocks);
    assert.ok(part(4).equals(large.codes));
    assert.ok(part(5).equals(Buffer.from(large.scales.buffer)));
    assert.ok(part(6).equals(large.zeros ?? Buffer.alloc(0)));
    assert.ok(part(7).equals(Buffer.from(waves(2600 * 2048).buffer)));
  }
  assert.ok(files[0]?.equals(files[1] ?? Buffer.alloc(0)));
});

/** A job that fails, behind one that does not. */
async function failing(
  t: TestContext,
  values: Float32Array,
): Promise<{ jobs: readonly WriteJob[]; out: string; bad: StoredTensor }> {
  const folder = await temporaryFolder(t);
  const bad = await store(folder, "bad", [values.length], values);
  const transform = { kind: "float32" } as const;
  const outputs = [{ type: "float32", dims: bad.dims }] as const;
  const good = (await jobsIn(folder)).slice(0, 2);
  return { jobs: [...good, { tensors: [bad], transform, outputs }], out: path.join(folder, "out"), bad };
}

test("a value that is not finite is told by its tensor, and no file is left", async (t) => {
  const { jobs, out, bad } = await failing(t, Float32Array.of(1, NaN));
  await assert.rejects(
    writeWeights(out, jobs),
    failsWith({ code: "weight-not-finite", tensor: "bad", file: bad.file }),
  );
  assert.ok(!existsSync(out));
});

test("a checkpoint cut off meanwhile is a failure, and no file is left", async (t) => {
  const { jobs, out, bad } = await failing(t, Float32Array.of(1, 2));
  await (await open(bad.file, "w")).close();
  await assert.rejects(writeWeights(out, jobs), failsWith({ code: "file-unreadable", file: bad.file }));
  assert.ok(!existsSync(out));
});

test("outputs of another size than the transform gives are a bug, not a file", async (t) => {
  const { jobs, out, bad } = await failing(t, waves(4));
  const wrong = { tensors: [bad], transform: { kind: "float32" }, outputs: [{ type: "float32", dims: [5] }] } as const;
  await assert.rejects(writeWeights(out, [...jobs, wrong]), TypeError);
  assert.ok(!existsSync(out));
});

test("a pool outlives jobs that fail", async (t) => {
  const pool = new WorkerPool(1);
  t.after(() => pool.dispose());
  const { jobs, out } = await failing(t, Float32Array.of(Infinity));
  await assert.rejects(writeWeights(out, jobs, { pool }), failsWith({ code: "weight-not-finite" }));
  assert.equal((await writeWeights(out, jobs.slice(0, 2), { pool })).length, 4);
});

test("cancelling leaves no file", async (t) => {
  const folder = await temporaryFolder(t);
  const jobs = await jobsIn(folder);
  const out = path.join(folder, "out");
  const stop = new AbortController();
  const onWritten = (): void => {
    stop.abort();
  };
  await assert.rejects(writeWeights(out, jobs, { signal: stop.signal, onWritten }), failsWith({ code: "cancelled" }));
  assert.ok(!existsSync(out));
  await assert.rejects(writeWeights(out, jobs, { signal: stop.signal }), failsWith({ code: "cancelled" }));
});

test("a full disk is told as such, a missing folder as such", async (t) => {
  const folder = await temporaryFolder(t);
  const jobs = await jobsIn(folder);
  await assert.rejects(
    writeWeights(path.join(folder, "none", "out"), jobs),
    failsWith({ code: "write-failed", reason: "ENOENT" }),
  );
  if (!existsSync("/dev/full")) return;
  const full = path.join(folder, "full");
  await symlink("/dev/full", full);
  await assert.rejects(writeWeights(full, jobs), failsWith({ code: "disk-full", folder }));
  assert.ok(!existsSync(full));
});

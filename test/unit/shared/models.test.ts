/** The catalogue, its sizes, and which model is for which machine. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { MachineFacts } from "../../../src/shared/library-protocol";
import { catalogue, catalogueEntry, encoders, visionLanguageModels } from "../../../src/shared/model-catalogue";
import { fitOf, recommendedModel } from "../../../src/shared/model-fit";
import { decoderMatrixWeights, parametersOf, sizesOf } from "../../../src/shared/model-sizes";

const machine: MachineFacts = {
  platform: "linux",
  architecture: "x64",
  processor: "test",
  cores: 8,
  memoryBytes: 32e9,
  availableMemoryBytes: 24e9,
  freeDiskBytes: 500e9,
  avx2: true,
  gpus: [],
};

/** Parameters in billions and int4 bytes of the language model, as the models' publishers and llama.cpp's users have them. */
const published = [
  ["MGM-2B", 2.51, 1.4e9],
  ["MGM-7B", 6.74, 3.9e9],
  ["MGM-8B", 8.03, 4.7e9],
  ["MGM-13B", 13.0, 7.5e9],
  ["MGM-34B", 34.4, 19.5e9],
  ["MGM-8x7B", 46.7, 26.5e9],
] as const;

for (const [id, billions, int4] of published) {
  test(`${id}: parameters and sizes are those of the published shape`, () => {
    const entry = catalogueEntry(id);
    assert.ok(entry?.kind === "vision-language");
    assert.ok(Math.abs(parametersOf(entry) / 1e9 / billions - 1) < 0.01, String(parametersOf(entry)));
    const { hidden, vocabulary } = entry.decoder;
    const language = ((decoderMatrixWeights(entry.decoder) + hidden * vocabulary) * 4.5) / 8;
    assert.ok(Math.abs(language / int4 - 1) < 0.11, `${language} instead of ${int4}`);
    const [small, middle, large] = (["int4", "int8", "f32"] as const).map((precision) => sizesOf(entry, precision));
    assert.ok(small && middle && large);
    assert.ok(small.prepared < middle.prepared && middle.prepared < large.prepared);
    assert.ok(small.memory < middle.memory && middle.memory < large.memory);
  });
}

test("every entry names a repository, a licence, and a commit or none", () => {
  assert.equal(new Set(catalogue.map(({ id }) => id)).size, catalogue.length);
  for (const { repository, revision, licence } of [...catalogue, ...Object.values(encoders)]) {
    assert.match(repository, /^[\w.-]+\/[\w.-]+$/);
    assert.ok(revision === null || /^[0-9a-f]{40}$/.test(revision), repository);
    assert.match(licence.address, /^https:\/\//);
  }
  // A page with its commit was found for every other one.
  assert.deepEqual(
    catalogue.filter(({ revision }) => revision === null).map(({ id }) => id),
    ["MGM-7B"],
  );
});

test("the recommended model grows with the machine, and is none where none runs", () => {
  assert.equal(recommendedModel("int4", { ...machine, memoryBytes: 4e9 }), undefined);
  assert.equal(recommendedModel("int4", { ...machine, memoryBytes: 8e9, cores: 4 }), "MGM-2B");
  assert.equal(recommendedModel("int4", { ...machine, memoryBytes: 16e9 }), "MGM-8B");
  const order = visionLanguageModels.map(({ id }) => id);
  const rank = (memoryBytes: number): number =>
    order.indexOf(recommendedModel("int4", { ...machine, memoryBytes }) ?? "");
  assert.ok(rank(8e9) < rank(16e9) && rank(16e9) < rank(128e9));
});

test("what is in the way is named", () => {
  const entry = catalogueEntry("MGM-34B");
  assert.ok(entry !== undefined);
  const kinds = (changes: Partial<MachineFacts>): string[] =>
    fitOf(entry, "int4", { ...machine, memoryBytes: 64e9, ...changes }).obstacles.map(({ kind }) => kind);
  assert.deepEqual(kinds({}), []);
  assert.deepEqual(kinds({ memoryBytes: 16e9 }), ["memory"]);
  assert.deepEqual(kinds({ freeDiskBytes: 1e9 }), ["disk"]);
  assert.deepEqual(kinds({ avx2: false }), ["instructions"]);
  assert.deepEqual(kinds({ platform: "darwin" }), ["platform"]);
  assert.deepEqual(fitOf(entry, "int4", { ...machine, memoryBytes: 64e9, freeDiskBytes: 1e9 }, 30e9).obstacles, []);
  assert.ok(fitOf(entry, "int4", { ...machine, memoryBytes: 36e9 }).tight);
});

test("a graphics processor is judged by its memory, where that can be told", () => {
  const entry = catalogueEntry("MGM-7B");
  assert.ok(entry !== undefined);
  const holds = (gpus: MachineFacts["gpus"]): boolean | null | undefined =>
    fitOf(entry, "int4", { ...machine, gpus }).graphics?.holds;
  assert.equal(holds([]), undefined);
  assert.equal(holds([{ name: "Apple GPU", memoryBytes: null }]), null);
  assert.equal(holds([{ name: "small", memoryBytes: 2e9 }]), false);
  assert.equal(
    holds([
      { name: "small", memoryBytes: 2e9 },
      { name: "large", memoryBytes: 24e9 },
    ]),
    true,
  );
});

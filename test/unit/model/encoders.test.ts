import assert from "node:assert/strict";
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { type ModelConfig, readModelConfig } from "../../../src/engine/model/config";
import { isSameEncoder } from "../../../src/engine/model/encoder-folders";
import { type Encoders, findEncoders } from "../../../src/engine/model/encoders";
import { openCheckpoint } from "../../../src/engine/weights/checkpoint";
import { openSafetensors } from "../../../src/engine/weights/safetensors";
import type { Checkpoint } from "../../../src/engine/weights/tensor";
import { failsWith, temporaryFolder, writeCountingTensors } from "../weights/files";

const golden = path.join(import.meta.dirname, "../../golden/fixtures/mgm");
const published = path.join(golden, "checkpoints", "MGM-7B");
const zoo = path.join(golden, "encoders");
const clipName = "clip-vit-large-patch14-336";
const convNextName = "openclip-convnext-large-d-320-laion2B-s29B-b131K-ft-soup";

const none: Checkpoint = { location: "none", names: [], get: () => undefined };

async function find(
  encoders: string | undefined,
  {
    model = published,
    checkpoint = none,
    inside = false,
  }: { model?: string; checkpoint?: Checkpoint; inside?: boolean } = {},
): Promise<Encoders> {
  const config = await readModelConfig(published);
  const changed: ModelConfig = { ...config, vision: { ...config.vision, highResolutionInside: inside } };
  return findEncoders(changed, checkpoint, model, encoders);
}

test("encoders are found in the folder given, and a level below it", async () => {
  for (const root of [zoo, path.join(zoo, "OpenAI")]) {
    const { lowResolution, highResolution } = await find(root);
    assert.equal(lowResolution.checkpoint.location, path.join(zoo, "OpenAI", clipName, "pytorch_model.bin"));
    assert.ok(lowResolution.weights.has("vision_model.embeddings.class_embedding"));
    const { imageSize, patchSize, activation, mean } = lowResolution.config;
    assert.deepEqual([imageSize, patchSize, activation, mean[0]], [336, 14, "quick_gelu", 0.48145466]);
    // Its name says large; its tensors do not.
    assert.deepEqual(highResolution.config, { depths: [2, 2, 3, 2], dims: [16, 32, 64, 128] });
    assert.ok(highResolution.weights.has("stem.0.weight"));
  }
});

test("encoders are found beside the checkpoint, and by the hub's names", async (t) => {
  const root = await temporaryFolder(t);
  const model = path.join(root, "MGM-7B");
  await mkdir(model);
  await cp(path.join(zoo, "OpenAI", clipName), path.join(root, clipName.toUpperCase()), { recursive: true });
  const hubName = "CLIP-convnext_large_d_320.laion2B-s29B-b131K-ft-soup";
  await cp(path.join(zoo, "OpenAI", convNextName), path.join(root, hubName), { recursive: true });
  const { highResolution } = await find(undefined, { model });
  assert.equal(path.basename(path.dirname(highResolution.checkpoint.location)), hubName);
});

test("the very name wins over one that means the same", async (t) => {
  const root = await temporaryFolder(t);
  for (const name of [`a-openai-${clipName}`, clipName, convNextName]) {
    const from = name === convNextName ? convNextName : clipName;
    await cp(path.join(zoo, "OpenAI", from), path.join(root, name), { recursive: true });
  }
  const { lowResolution } = await find(root);
  assert.equal(path.basename(path.dirname(lowResolution.checkpoint.location)), clipName);
});

test("names that mean one encoder, and names that do not", () => {
  const same = [
    [
      "openclip-convnext-large-d-320-laion2B-s29B-b131K-ft-soup",
      "CLIP-convnext_large_d_320.laion2B-s29B-b131K-ft-soup",
    ],
    ["clip-vit-large-patch14-336", "models--openai--clip-vit-large-patch14-336"],
    ["CLIP-ViT-Large-Patch14-336", "clip-vit-large-patch14-336"],
  ] as const;
  for (const [a, b] of same) assert.ok(isSameEncoder(a, b) && isSameEncoder(b, a), a);
  const different = [
    ["clip-vit-large-patch14-336", "clip-vit-large-patch14-112"],
    ["clip-vit-large-patch14", "clip-vit-large-patch14-336"],
    ["336", "clip-vit-large-patch14-336"],
    ["", "clip-vit-large-patch14-336"],
    ["...", "---"],
  ] as const;
  for (const [a, b] of different) assert.ok(!isSameEncoder(a, b) && !isSameEncoder(b, a), a);
});

test("a missing encoder is named with the folders searched", async (t) => {
  const root = await temporaryFolder(t);
  const model = path.join(root, "model");
  await mkdir(model);
  await assert.rejects(
    find(root, { model }),
    failsWith({ code: "encoder-missing", encoder: clipName, searched: [root, model, root] }),
  );
  await assert.rejects(
    find(path.join(root, "none"), { model }),
    failsWith({ code: "encoder-missing", encoder: clipName }),
  );
  await cp(path.join(zoo, "OpenAI", clipName), path.join(root, clipName), { recursive: true });
  const empty = path.join(root, convNextName);
  await mkdir(empty);
  await assert.rejects(
    find(undefined, { model }),
    failsWith({ code: "encoder-missing", encoder: convNextName, searched: [empty] }),
  );
});

/** The folder of an encoder whose configuration is changed. */
async function changedClip(t: TestContext, fields: Readonly<Record<string, unknown>>): Promise<string> {
  const root = await temporaryFolder(t);
  for (const name of [clipName, convNextName]) {
    await cp(path.join(zoo, "OpenAI", name), path.join(root, name), { recursive: true });
  }
  const file = path.join(root, clipName, "config.json");
  const config = JSON.parse(await readFile(file, "utf8")) as { vision_config?: object };
  const changed =
    config.vision_config === undefined
      ? { ...config, ...fields }
      : { ...config, vision_config: { ...config.vision_config, ...fields } };
  await writeFile(file, JSON.stringify(changed));
  return root;
}

for (const [field, value] of [
  ["image_size", 1e9],
  ["patch_size", 0],
  ["patch_size", 337],
  ["hidden_size", -1],
  ["num_attention_heads", 5],
  ["num_hidden_layers", 1e9],
  ["intermediate_size", "4096"],
  ["hidden_act", "relu"],
  ["layer_norm_eps", 7],
] as const) {
  test(`refused: an encoder with ${field} ${JSON.stringify(value)}`, async (t) => {
    const root = await changedClip(t, { [field]: value });
    await assert.rejects(
      find(root),
      (thrown) =>
        thrown instanceof Error && thrown.message.includes("config-invalid") && thrown.message.includes(field),
    );
  });
}

test("encoders inside the checkpoint win over separate ones", async (t) => {
  const root = await temporaryFolder(t);
  const stages = Object.fromEntries(
    [0, 1, 2, 3].flatMap((stage) =>
      Array.from({ length: stage + 1 }, (_, block) => [
        `model.vision_tower_aux.vision_stages.${stage}.blocks.${block}.gamma`,
        [8 << stage],
      ]),
    ),
  ) as Record<string, number[]>;
  await writeCountingTensors(path.join(root, "model.safetensors"), {
    "model.vision_tower.vision_tower.vision_model.embeddings.class_embedding": [4],
    "model.vision_tower_aux.vision_stem.0.weight": [1],
    ...stages,
  });
  const checkpoint = await openCheckpoint(root);
  const { lowResolution, highResolution } = await find(zoo, { checkpoint, inside: true });
  assert.equal(lowResolution.checkpoint, checkpoint);
  assert.equal(highResolution.checkpoint, checkpoint);
  assert.deepEqual(highResolution.config, { depths: [1, 2, 3, 4], dims: [8, 16, 32, 64] });
  assert.deepEqual(highResolution.names, { stem: "vision_stem", stages: "vision_stages" });
  const separate = await find(zoo, { checkpoint, inside: false });
  assert.notEqual(separate.highResolution.checkpoint, checkpoint, "only where the configuration says so");
});

test("a tower inside the checkpoint needs the folder's configuration, not its weights", async (t) => {
  const root = await temporaryFolder(t);
  const folder = path.join(root, clipName);
  await mkdir(folder);
  for (const name of ["config.json", "preprocessor_config.json"]) {
    await cp(path.join(zoo, "OpenAI", clipName, name), path.join(folder, name));
  }
  await cp(path.join(zoo, "OpenAI", convNextName), path.join(root, convNextName), { recursive: true });
  await assert.rejects(find(root), failsWith({ code: "encoder-missing", encoder: clipName, searched: [folder] }));
  const file = path.join(root, "inside.safetensors");
  await writeCountingTensors(file, { "model.vision_tower.vision_tower.vision_model.embeddings.class_embedding": [4] });
  const { lowResolution } = await find(root, { checkpoint: await openSafetensors(file) });
  assert.equal(lowResolution.checkpoint.location, file);
});

test("a file that is no ConvNeXt is told by the first tensor missing", async (t) => {
  const root = await temporaryFolder(t);
  await cp(path.join(zoo, "OpenAI", clipName), path.join(root, clipName), { recursive: true });
  await cp(
    path.join(zoo, "OpenAI", clipName, "pytorch_model.bin"),
    path.join(root, convNextName, "open_clip_pytorch_model.bin"),
  );
  await assert.rejects(
    find(root),
    failsWith({ code: "weight-missing", tensor: "visual.trunk.stages.0.blocks.0.gamma" }),
  );
});

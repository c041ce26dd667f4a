import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { readModelConfig } from "../../../src/engine/model/config";
import { failsWith } from "../weights/files";

const checkpoints = path.join(import.meta.dirname, "../../golden/fixtures/mgm/checkpoints");

let folder = "";
let published: Record<string, unknown> = {};
before(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "config-"));
  published = JSON.parse(await readFile(path.join(checkpoints, "MGM-8x7B", "config.json"), "utf8")) as typeof published;
});
after(() => rm(folder, { recursive: true }));

const write = (text: string): Promise<void> => writeFile(path.join(folder, "config.json"), text);

/** The published configuration with some fields changed; undefined leaves a field out. */
async function changed(fields: Readonly<Record<string, unknown>>): ReturnType<typeof readModelConfig> {
  await write(JSON.stringify({ ...published, ...fields }));
  return readModelConfig(folder);
}

test("published configurations of every family are read", async () => {
  const summary = async (name: string): Promise<readonly unknown[]> => {
    const config = await readModelConfig(path.join(checkpoints, name));
    const { family, activation, tiedEmbeddings, heads, keyValueHeads, experts, vision } = config;
    return [family, activation, tiedEmbeddings, heads / keyValueHeads, experts?.count, vision.imageGrid];
  };
  assert.deepEqual(await summary("MGM-2B"), ["gemma", "gelu", true, 4, undefined, 1]);
  assert.deepEqual(await summary("MGM-7B"), ["llama", "silu", false, 1, undefined, 1]);
  assert.deepEqual(await summary("MGM-7B-HD"), ["llama", "silu", false, 1, undefined, 2]);
  assert.deepEqual(await summary("MGM-8B"), ["llama", "silu", false, 4, undefined, 1]);
  assert.deepEqual(await summary("MGM-8x7B"), ["mixtral", "silu", false, 2, 8, 1]);
  assert.deepEqual(await summary("MGM-34B"), ["llama", "silu", false, 7, undefined, 1]);
});

test("the encoders' training-time paths are names", async () => {
  const name = async (value: unknown): Promise<string> =>
    (await changed({ mm_vision_tower: value })).vision.lowResolutionName;
  assert.equal(await name("model_zoo/OpenAI/clip-vit-large-patch14-336"), "clip-vit-large-patch14-336");
  assert.equal(await name("C:\\models\\clip\\"), "clip");
  assert.equal(await name("openai/clip/.."), "clip");
  assert.equal(await name("../../../etc"), "etc");
  assert.equal(await name(undefined), "");
});

test("fields that may be left out have the defaults of transformers", async () => {
  const { keyValueHeads, ropeTheta, rmsNormEpsilon, headSize, maxPositions } = await changed({
    num_key_value_heads: undefined,
    rope_theta: undefined,
    rms_norm_eps: undefined,
    head_dim: null,
    max_position_embeddings: undefined,
  });
  assert.deepEqual(
    { keyValueHeads, ropeTheta, rmsNormEpsilon, headSize, maxPositions },
    { keyValueHeads: 4, ropeTheta: 10_000, rmsNormEpsilon: 1e-6, headSize: 16, maxPositions: 2048 },
  );
});

test("Gemma's gelu is the exact one unless hidden_activation says otherwise", async () => {
  const activation = async (fields: Readonly<Record<string, unknown>>): Promise<string> =>
    (await changed({ model_type: "mgm_gemma", ...fields })).activation;
  assert.equal(await activation({ hidden_act: "gelu" }), "gelu");
  assert.equal(await activation({ hidden_act: "gelu", hidden_activation: null }), "gelu");
  assert.equal(await activation({ hidden_act: "gelu", hidden_activation: "gelu_pytorch_tanh" }), "gelu-tanh");
  assert.equal(await activation({ hidden_act: "gelu_pytorch_tanh" }), "gelu-tanh");
});

test("a family is known by its model type, else by its architecture", async () => {
  const family = async (model_type: unknown, ...architectures: unknown[]): Promise<string> =>
    (await changed({ model_type, architectures })).family;
  assert.equal(await family("mgm"), "llama");
  assert.equal(await family("mini_gemini_gemma"), "gemma");
  assert.equal(await family("other", "MGMMixtralForCausalLM"), "mixtral");
  assert.equal(await family(undefined, "MGMLlamaForCausalLM"), "llama");
  await assert.rejects(
    family("llava", "LlavaForCausalLM"),
    failsWith({ code: "model-family-unknown", found: "llava LlavaForCausalLM" }),
  );
  await assert.rejects(family("__proto__"), failsWith({ code: "model-family-unknown" }));
  await assert.rejects(family(undefined), failsWith({ code: "model-family-unknown" }));
  await assert.rejects(family(7), failsWith({ code: "config-invalid", field: "model_type" }));
});

for (const field of [
  "hidden_size",
  "intermediate_size",
  "num_hidden_layers",
  "num_attention_heads",
  "vocab_size",
  "mm_hidden_size",
  "mm_hidden_size_aux",
  "image_size_aux",
]) {
  test(`${field}: missing, absurd and misshapen values are refused by name`, async () => {
    await assert.rejects(changed({ [field]: undefined }), failsWith({ code: "config-missing", field }));
    await assert.rejects(changed({ [field]: null }), failsWith({ code: "config-missing", field }));
    for (const value of [-1, 0, 1e9, 1e300, 0.5, 64.5, "64", [64], { value: 64 }, true]) {
      await assert.rejects(
        changed({ [field]: value }),
        failsWith({ code: "config-invalid", field, found: JSON.stringify(value) }),
      );
    }
  });
}

const refused: readonly (readonly [string, unknown])[] = [
  ["num_key_value_heads", 3],
  ["num_key_value_heads", 1e9],
  ["head_dim", 15],
  ["head_dim", 1e9],
  ["rms_norm_eps", -1],
  ["rms_norm_eps", "1e-6"],
  ["rope_theta", 0],
  ["rope_theta", -1e4],
  ["rope_scaling", { type: "linear", factor: 2 }],
  ["rope_scaling", { rope_type: "llama3", factor: 8 }],
  ["rope_parameters", { rope_theta: 1e6 }],
  ["attention_bias", true],
  ["mlp_bias", true],
  ["sliding_window", 4096],
  ["max_position_embeddings", 1e9],
  ["tokenizer_model_max_length", 1e30],
  ["tokenizer_model_max_length", -1],
  ["hidden_act", "relu"],
  ["tie_word_embeddings", "yes"],
  ["num_local_experts", 1e9],
  ["num_experts_per_tok", 9],
  ["mm_projector_type", "linear"],
  ["mm_vision_select_feature", "cls_patch"],
  ["mm_vision_select_layer", 1e9],
  ["mm_vision_select_layer", -2.5],
  ["mm_use_im_start_end", true],
  ["mm_vision_tower", 7],
  ["image_grid", 0],
  ["image_grid", 1e9],
  ["image_global", 1],
  ["optimize_vision_tower_aux", "false"],
];
for (const [field, value] of refused) {
  test(`refused: ${field} ${JSON.stringify(value)}`, async () => {
    await assert.rejects(changed({ [field]: value }), failsWith({ code: "config-invalid", field }));
  });
}

test("a heads' width that is no whole number is refused", async () => {
  await assert.rejects(changed({ hidden_size: 66 }), failsWith({ code: "config-invalid", field: "hidden_size" }));
});

test("a window as long as the context changes nothing", async () => {
  assert.equal((await changed({ sliding_window: 32_768 })).maxPositions, 32_768);
});

test("files that are no JSON object, too large or missing are refused", async () => {
  for (const text of ["", "[]", "null", '"x"', "{", '{"hidden_size": NaN}', "\0\0\0"]) {
    await write(text);
    await assert.rejects(readModelConfig(folder), failsWith({ code: "config-invalid", expected: "a JSON object" }));
  }
  await write("[".repeat(1_000_000));
  await assert.rejects(readModelConfig(folder), failsWith({ code: "config-invalid" }));
  await truncate(path.join(folder, "config.json"), 2 ** 31);
  await assert.rejects(readModelConfig(folder), failsWith({ code: "file-too-large" }));
  await assert.rejects(readModelConfig(path.join(folder, "none")), failsWith({ code: "file-missing" }));
});

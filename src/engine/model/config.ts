/**
 * The config.json of a published MGM checkpoint, checked.
 *
 * Source: dvlab-research/MGM, mgm/model/language_model/*.py (model types), transformers' LlamaConfig, GemmaConfig,
 * MixtralConfig (fields and their defaults).
 */
import path from "node:path";
import { FailureError } from "../../shared/failure";
import type { DecoderConfig } from "./decoder-config";
import { JsonFields } from "./json-fields";

export interface VisionConfig {
  /** Last path component of `mm_vision_tower`; "" where the field is absent. */
  readonly lowResolutionName: string;
  /** Last path component of `mm_vision_tower_aux`. */
  readonly highResolutionName: string;
  /** `mm_hidden_size` */
  readonly hiddenSize: number;
  /** `mm_hidden_size_aux` */
  readonly hiddenSizeAux: number;
  /** `mm_vision_select_layer`, an index into the hidden states. */
  readonly selectLayer: number;
  readonly imageSizeAux: number;
  readonly imageGrid: number;
  readonly imageGlobal: boolean;
  readonly aspect: "pad" | "crop";
  /** `optimize_vision_tower_aux`: only then do tensors of that encoder inside the checkpoint count. */
  readonly highResolutionInside: boolean;
}

export interface ModelConfig extends DecoderConfig {
  readonly file: string;
  readonly maxPositions: number;
  readonly tokenizerModelMaxLength: number;
  readonly vision: VisionConfig;
  /** True for the checkpoint that ships with the extension (`mini_gemini_starter`). */
  readonly starter: boolean;
  /** Most tokens of text read in images that the model was trained on (`mini_gemini_ocr_tokens`). */
  readonly ocrTokens: number;
}

/** `model_type`, with and without the project's older name. */
const families: ReadonlyMap<string, DecoderConfig["family"]> = new Map([
  ["mgm", "llama"],
  ["mgm_llama", "llama"],
  ["mini_gemini", "llama"],
  ["mgm_gemma", "gemma"],
  ["mini_gemini_gemma", "gemma"],
  ["mgm_mixtral", "mixtral"],
  ["mini_gemini_mixtral", "mixtral"],
]);

/** `architectures`, for a `model_type` that is not listed. */
const architectures: ReadonlyMap<string, DecoderConfig["family"]> = new Map([
  ["MGMLlamaForCausalLM", "llama"],
  ["MGMGemmaForCausalLM", "gemma"],
  ["MGMMixtralForCausalLM", "mixtral"],
  ["MiniGeminiLlamaForCausalLM", "llama"],
  ["MiniGeminiGemmaForCausalLM", "gemma"],
  ["MiniGeminiMixtralForCausalLM", "mixtral"],
]);

const widths = { from: 1, to: 1 << 16 };
/** The longest context that a published language model of these families has is 200,000. */
const positions = { from: 1, to: 1 << 20, fallback: 2048 };

/** @throws FailureError `file-missing`, `config-missing`, `config-invalid`, `model-family-unknown`. */
export async function readModelConfig(folder: string): Promise<ModelConfig> {
  const fields = await JsonFields.read(path.join(folder, "config.json"));
  const family = readFamily(fields);
  return {
    file: fields.file,
    ...readDecoder(fields, family),
    maxPositions: fields.integer("max_position_embeddings", positions),
    tokenizerModelMaxLength: fields.integer("tokenizer_model_max_length", positions),
    vision: readVision(fields),
    starter: fields.boolean("mini_gemini_starter", false),
    ocrTokens: fields.integer("mini_gemini_ocr_tokens", { ...positions, fallback: positions.to }),
  };
}

function readFamily(fields: JsonFields): DecoderConfig["family"] {
  const type = fields.text("model_type", "");
  const architecture = fields.texts("architectures")[0] ?? "";
  const family = families.get(type) ?? architectures.get(architecture);
  if (family !== undefined) return family;
  throw new FailureError({ code: "model-family-unknown", file: fields.file, found: `${type} ${architecture}`.trim() });
}

function readDecoder(fields: JsonFields, family: DecoderConfig["family"]): DecoderConfig {
  const hiddenSize = fields.integer("hidden_size", widths);
  const heads = fields.integer("num_attention_heads", { from: 1, to: 1024 });
  const keyValueHeads = fields.integer("num_key_value_heads", { from: 1, to: 1024, fallback: heads });
  if (heads % keyValueHeads !== 0) fields.refuse("num_key_value_heads", `a divisor of ${heads}`);
  if (!fields.has("head_dim") && hiddenSize % heads !== 0) fields.refuse("hidden_size", `a multiple of ${heads}`);
  const headSize = fields.integer("head_dim", { from: 2, to: 1024, fallback: Math.floor(hiddenSize / heads) });
  if (headSize % 2 !== 0) fields.refuse("head_dim", "an even number");
  for (const field of ["rope_scaling", "rope_parameters"]) if (fields.has(field)) fields.refuse(field, "null");
  refuseWindow(fields);
  if (fields.boolean("attention_bias", false)) fields.refuse("attention_bias", "false");
  if (fields.boolean("mlp_bias", false)) fields.refuse("mlp_bias", "false");
  return {
    family,
    hiddenSize,
    intermediateSize: fields.integer("intermediate_size", { from: 1, to: 1 << 18 }),
    layers: fields.integer("num_hidden_layers", { from: 1, to: 512 }),
    heads,
    keyValueHeads,
    headSize,
    vocabularySize: fields.integer("vocab_size", { from: 1, to: 1 << 22 }),
    rmsNormEpsilon: fields.number("rms_norm_eps", { from: 0, to: 1, fallback: 1e-6 }),
    ropeTheta: fields.number("rope_theta", { from: 1, to: 1e12, fallback: 10_000 }),
    activation: readActivation(fields, family),
    tiedEmbeddings: fields.boolean("tie_word_embeddings", family === "gemma"),
    ...(family === "mixtral" ? { experts: readExperts(fields) } : {}),
  };
}

/** Attention here sees the whole context: a window is as good as none only where it is no shorter. */
function refuseWindow(fields: JsonFields): void {
  if (!fields.has("sliding_window")) return;
  const context = fields.integer("max_position_embeddings", positions);
  const window = fields.integer("sliding_window", { from: 0, to: Number.MAX_SAFE_INTEGER });
  if (window < context) fields.refuse("sliding_window", `null, or at least ${context}`);
}

/** Gemma's `gelu` is the exact one, as the reference's release of transformers ran it. */
function readActivation(fields: JsonFields, family: DecoderConfig["family"]): DecoderConfig["activation"] {
  const field = family === "gemma" && fields.has("hidden_activation") ? "hidden_activation" : "hidden_act";
  const name = fields.text(field, family === "gemma" ? "gelu" : "silu");
  if (name === "silu" || name === "gelu") return name;
  return name === "gelu_pytorch_tanh" ? "gelu-tanh" : fields.refuse(field, "silu, gelu or gelu_pytorch_tanh");
}

function readExperts(fields: JsonFields): { count: number; perToken: number } {
  const count = fields.integer("num_local_experts", { from: 1, to: 1024, fallback: 8 });
  return { count, perToken: fields.integer("num_experts_per_tok", { from: 1, to: count, fallback: 2 }) };
}

function readVision(fields: JsonFields): VisionConfig {
  if (fields.text("mm_projector_type", "mlp2x_gelu") !== "mlp2x_gelu") fields.refuse("mm_projector_type", "mlp2x_gelu");
  if (fields.text("mm_vision_select_feature", "patch") !== "patch") fields.refuse("mm_vision_select_feature", "patch");
  if (fields.boolean("mm_use_im_start_end", false)) fields.refuse("mm_use_im_start_end", "false");
  const lastComponent = (field: string): string =>
    fields
      .text(field, "")
      .split(/[\\/]/)
      .filter((part) => part !== "" && part !== "." && part !== "..")
      .at(-1) ?? "";
  return {
    lowResolutionName: lastComponent("mm_vision_tower"),
    highResolutionName: lastComponent("mm_vision_tower_aux"),
    hiddenSize: fields.integer("mm_hidden_size", widths),
    hiddenSizeAux: fields.integer("mm_hidden_size_aux", widths),
    selectLayer: fields.integer("mm_vision_select_layer", { from: -512, to: 512, fallback: -2 }),
    imageSizeAux: fields.integer("image_size_aux", { from: 32, to: 8192 }),
    imageGrid: fields.integer("image_grid", { from: 1, to: 8, fallback: 1 }),
    imageGlobal: fields.boolean("image_global", false),
    aspect: fields.text("image_aspect_ratio", "square") === "pad" ? "pad" : "crop",
    highResolutionInside: fields.boolean("optimize_vision_tower_aux", false),
  };
}

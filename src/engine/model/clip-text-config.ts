/**
 * The config.json of a CLIPTextModel or CLIPTextModelWithProjection, checked.
 *
 * Source: huggingface/transformers, models/clip/configuration_clip.py (fields and their defaults).
 */
import path from "node:path";
import { JsonFields } from "./json-fields";

export interface ClipTextConfig {
  readonly file: string;
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly vocabularySize: number;
  readonly maxPositions: number;
  readonly layerNormEps: number;
  readonly activation: "quick_gelu" | "gelu";
  /** Width of the projected, pooled embedding; undefined where there is no projection. */
  readonly projectionWidth: number | undefined;
  /** Old files say 2, and mean the highest token id. */
  readonly endToken: number;
}

const widths = { from: 1, to: 1 << 14 };

/** @throws FailureError `file-missing`, `config-missing`, `config-invalid`. */
export async function readClipTextConfig(folder: string): Promise<ClipTextConfig> {
  const fields = await JsonFields.read(path.join(folder, "config.json"));
  fields.only("model_type", "clip_text_model", "clip");
  const architecture = fields.texts("architectures")[0] ?? "CLIPTextModel";
  const projected = architecture === "CLIPTextModelWithProjection";
  if (!projected && architecture !== "CLIPTextModel") fields.refuse("architectures", "CLIPTextModel(WithProjection)");
  const hiddenSize = fields.integer("hidden_size", widths);
  const heads = fields.integer("num_attention_heads", { from: 1, to: 1024 });
  if (hiddenSize % heads !== 0) fields.refuse("hidden_size", `a multiple of ${heads}`);
  const named = fields.text("hidden_act", "quick_gelu");
  const activation =
    named === "quick_gelu" || named === "gelu" ? named : fields.refuse("hidden_act", "quick_gelu, gelu");
  return {
    file: fields.file,
    hiddenSize,
    heads,
    intermediateSize: fields.integer("intermediate_size", { from: 1, to: 1 << 16 }),
    layers: fields.integer("num_hidden_layers", { from: 1, to: 128 }),
    vocabularySize: fields.integer("vocab_size", { from: 1, to: 1 << 20 }),
    maxPositions: fields.integer("max_position_embeddings", { from: 2, to: 4096, fallback: 77 }),
    layerNormEps: fields.number("layer_norm_eps", { from: 0, to: 1, fallback: 1e-5 }),
    activation,
    projectionWidth: projected ? fields.integer("projection_dim", widths) : undefined,
    endToken: fields.integer("eos_token_id", { from: 0, to: 1 << 20, fallback: 49407 }),
  };
}

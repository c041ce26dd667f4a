/**
 * The config.json of a diffusers UNet2DConditionModel, checked. What this project does not draw is refused by name.
 *
 * Source: huggingface/diffusers, models/unets/unet_2d_condition.py (fields and their defaults).
 */
import path from "node:path";
import { JsonFields } from "./json-fields";

export interface UnetConfig {
  readonly file: string;
  readonly inChannels: number;
  readonly outChannels: number;
  /** Default side of the latents. */
  readonly sampleSize: number;
  /** `block_out_channels` */
  readonly channels: readonly number[];
  /** Of each down block: whether it attends to the prompt. */
  readonly downAttention: readonly boolean[];
  readonly upAttention: readonly boolean[];
  /** False where there is no middle block at all. */
  readonly middle: boolean;
  readonly layersPerBlock: readonly number[];
  readonly transformerLayers: readonly number[];
  /** Heads of each down block; the published field says `attention_head_dim` (a mistake kept for its files). */
  readonly heads: readonly number[];
  readonly crossAttentionWidth: number;
  readonly normGroups: number;
  readonly normEpsilon: number;
  readonly flipSineToCosine: boolean;
  readonly frequencyShift: number;
  /** Width of the guidance embedding of distilled models (LCM); undefined where guidance is no input. */
  readonly guidanceWidth: number | undefined;
  /** SDXL's further conditioning: pooled prompt and picture sizes. */
  readonly textTime: { readonly timeWidth: number; readonly inputWidth: number } | undefined;
}

const channelRange = { from: 1, to: 1 << 14 };

/** @throws FailureError `file-missing`, `config-missing`, `config-invalid`. */
export async function readUnetConfig(folder: string): Promise<UnetConfig> {
  const fields = await JsonFields.read(path.join(folder, "config.json"));
  refuseUnserved(fields);
  const channels = fields.integers("block_out_channels", channelRange);
  const blocks = channels.length;
  const normGroups = fields.integer("norm_num_groups", { from: 1, to: 1024, fallback: 32 });
  if (channels.some((width) => width % normGroups !== 0)) {
    fields.refuse("block_out_channels", `multiples of norm_num_groups, ${normGroups}`);
  }
  const headField = fields.has("num_attention_heads") ? "num_attention_heads" : "attention_head_dim";
  const heads = fields.integers(headField, { from: 1, to: 1024, fallback: 8, count: blocks });
  if (channels.some((width, block) => width % (heads[block] ?? 1) !== 0))
    fields.refuse(headField, "divisors of widths");
  const downAttention = attention(fields, "down_block_types", "DownBlock2D", "CrossAttnDownBlock2D", blocks);
  const upAttention = attention(fields, "up_block_types", "UpBlock2D", "CrossAttnUpBlock2D", blocks);
  return {
    file: fields.file,
    inChannels: fields.integer("in_channels", { from: 1, to: 64, fallback: 4 }),
    outChannels: fields.integer("out_channels", { from: 1, to: 64, fallback: 4 }),
    sampleSize: fields.integer("sample_size", { from: 1, to: 512, fallback: 64 }),
    channels,
    downAttention,
    upAttention,
    middle: !fields.isNull("mid_block_type"),
    layersPerBlock: fields.integers("layers_per_block", { from: 1, to: 16, fallback: 2, count: blocks }),
    transformerLayers: fields.integers("transformer_layers_per_block", { from: 1, to: 64, fallback: 1, count: blocks }),
    heads,
    crossAttentionWidth: fields.integer("cross_attention_dim", { ...channelRange, fallback: 1280 }),
    normGroups,
    normEpsilon: fields.number("norm_eps", { from: 0, to: 1, fallback: 1e-5 }),
    flipSineToCosine: fields.boolean("flip_sin_to_cos", true),
    frequencyShift: fields.number("freq_shift", { from: 0, to: 1, fallback: 0 }),
    guidanceWidth: fields.has("time_cond_proj_dim") ? fields.integer("time_cond_proj_dim", channelRange) : undefined,
    textTime: readTextTime(fields),
  };
}

function readTextTime(fields: JsonFields): UnetConfig["textTime"] {
  if (!fields.has("addition_embed_type")) return undefined;
  fields.only("addition_embed_type", "text_time");
  return {
    timeWidth: fields.integer("addition_time_embed_dim", channelRange),
    inputWidth: fields.integer("projection_class_embeddings_input_dim", channelRange),
  };
}

function attention(fields: JsonFields, field: string, plain: string, cross: string, blocks: number): boolean[] {
  const types = fields.texts(field);
  if (types.length !== blocks || types.some((type) => type !== plain && type !== cross)) {
    fields.refuse(field, `${blocks} of ${plain} and ${cross}`);
  }
  return types.map((type) => type === cross);
}

function refuseUnserved(fields: JsonFields): void {
  fields.only("_class_name", "UNet2DConditionModel");
  fields.only("act_fn", "silu", "swish");
  fields.only("attention_type", "default");
  fields.only("center_input_sample", false);
  fields.only("conv_in_kernel", 3);
  fields.only("conv_out_kernel", 3);
  fields.only("downsample_padding", 1);
  fields.only("dual_cross_attention", false);
  fields.only("mid_block_scale_factor", 1);
  fields.only("mid_block_type", "UNetMidBlock2DCrossAttn");
  fields.only("only_cross_attention", false);
  fields.only("mid_block_only_cross_attention", false);
  fields.only("resnet_out_scale_factor", 1);
  fields.only("resnet_skip_time_act", false);
  fields.only("resnet_time_scale_shift", "default");
  fields.only("time_embedding_type", "positional");
  fields.only("class_embeddings_concat", false);
  const absent = [
    "class_embed_type",
    "num_class_embeds",
    "encoder_hid_dim",
    "encoder_hid_dim_type",
    "cross_attention_norm",
    "reverse_transformer_layers_per_block",
    "time_embedding_act_fn",
    "time_embedding_dim",
    "timestep_post_act",
  ];
  for (const field of absent) if (fields.has(field)) fields.refuse(field, "null");
}

/**
 * The config.json of a diffusers AutoencoderKL or AutoencoderTiny, checked.
 *
 * Source: huggingface/diffusers, models/autoencoders/autoencoder_kl.py, autoencoder_tiny.py (fields and defaults).
 */
import path from "node:path";
import { FailureError } from "../../shared/failure";
import { JsonFields } from "./json-fields";

interface AutoencoderShape {
  readonly file: string;
  readonly latentChannels: number;
  /** Pixels of the picture for one of the latents, along a side. */
  readonly scale: number;
  /** Latents as the UNet has them are (z − shift) · scaling. */
  readonly scalingFactor: number;
  readonly shiftFactor: number;
}

export interface AutoencoderKlConfig extends AutoencoderShape {
  readonly kind: "kl";
  readonly channels: readonly number[];
  readonly layersPerBlock: number;
  readonly normGroups: number;
  readonly middleAttention: boolean;
  readonly quantConvolution: boolean;
  readonly postQuantConvolution: boolean;
}

export interface AutoencoderTinyConfig extends AutoencoderShape {
  readonly kind: "tiny";
  readonly encoderChannels: readonly number[];
  readonly decoderChannels: readonly number[];
  readonly encoderBlocks: readonly number[];
  readonly decoderBlocks: readonly number[];
}

export type AutoencoderConfig = AutoencoderKlConfig | AutoencoderTinyConfig;

const channelRange = { from: 1, to: 1 << 13 };

/** @throws FailureError `file-missing`, `config-missing`, `config-invalid`, `pipeline-unknown` for another class. */
export async function readAutoencoderConfig(folder: string): Promise<AutoencoderConfig> {
  const fields = await JsonFields.read(path.join(folder, "config.json"));
  const kind = fields.text("_class_name", "AutoencoderKL");
  if (kind === "AutoencoderKL") return readKl(fields);
  if (kind === "AutoencoderTiny") return readTiny(fields);
  throw new FailureError({ code: "pipeline-unknown", file: fields.file, found: kind });
}

function readShape(fields: JsonFields): Omit<AutoencoderShape, "scale"> {
  fields.only("in_channels", 3);
  fields.only("out_channels", 3);
  for (const field of ["latents_mean", "latents_std"]) if (fields.has(field)) fields.refuse(field, "null");
  return {
    file: fields.file,
    latentChannels: fields.integer("latent_channels", { from: 1, to: 32, fallback: 4 }),
    scalingFactor: fields.number("scaling_factor", { from: 1e-3, to: 1e3, fallback: 0.18215 }),
    shiftFactor: fields.number("shift_factor", { from: -100, to: 100, fallback: 0 }),
  };
}

function readKl(fields: JsonFields): AutoencoderKlConfig {
  fields.only("act_fn", "silu");
  const channels = fields.integers("block_out_channels", channelRange);
  const types = (field: string, served: string): void => {
    const found = fields.texts(field);
    if (found.length !== channels.length || found.some((type) => type !== served)) {
      fields.refuse(field, `${channels.length} of ${served}`);
    }
  };
  types("down_block_types", "DownEncoderBlock2D");
  types("up_block_types", "UpDecoderBlock2D");
  const normGroups = fields.integer("norm_num_groups", { from: 1, to: 1024, fallback: 32 });
  if (channels.some((width) => width % normGroups !== 0)) {
    fields.refuse("block_out_channels", `multiples of norm_num_groups, ${normGroups}`);
  }
  return {
    kind: "kl",
    ...readShape(fields),
    scale: 2 ** (channels.length - 1),
    channels,
    layersPerBlock: fields.integer("layers_per_block", { from: 1, to: 16, fallback: 1 }),
    normGroups,
    middleAttention: fields.boolean("mid_block_add_attention", true),
    quantConvolution: fields.boolean("use_quant_conv", true),
    postQuantConvolution: fields.boolean("use_post_quant_conv", true),
  };
}

function readTiny(fields: JsonFields): AutoencoderTinyConfig {
  fields.only("act_fn", "relu");
  fields.only("upsample_fn", "nearest");
  fields.only("upsampling_scaling_factor", 2);
  const encoderChannels = fields.integers("encoder_block_out_channels", { ...channelRange, fallback: 64, count: 4 });
  const decoderChannels = fields.integers("decoder_block_out_channels", { ...channelRange, fallback: 64, count: 4 });
  const blocks = (field: string): readonly number[] => fields.integers(field, { from: 1, to: 16, count: 4 });
  return {
    kind: "tiny",
    ...readShape(fields),
    scalingFactor: fields.number("scaling_factor", { from: 1e-3, to: 1e3, fallback: 1 }),
    scale: 8,
    encoderChannels,
    decoderChannels,
    encoderBlocks: blocks("num_encoder_blocks"),
    decoderBlocks: blocks("num_decoder_blocks"),
  };
}

/**
 * Between pictures and latents: diffusers' AutoencoderKL.
 *
 * Paper: Rombach et al., "High-Resolution Image Synthesis with Latent Diffusion Models", section 3.1. Reference:
 * huggingface/diffusers, models/autoencoders/autoencoder_kl.py, vae.py (`Encoder`, `Decoder`).
 *
 *   encode: image [1, 3, H, W] in −1…1 → mean [1, Z, H/8, W/8], logvar of the same shape
 *   decode: latents [1, Z, h, w] → image [1, 3, 8·h, 8·w]
 */
import type { Graph, Value } from "../graph/graph";
import { attention, convolution, projection } from "../graph/layers";
import { add, at, reshape, size, slice, transpose } from "../graph/ops";
import type { AutoencoderKlConfig } from "../model/autoencoder-config";
import type { Weights } from "../weights/weights";
import { groupNorm, type NormOptions, resnetBlock, swish, upsample } from "./diffusion-blocks";

const epsilon = 1e-6;
const three = { padding: 1 };

/** @param image [1, 3, H, W]; H and W multiples of the autoencoder's scale. */
export function encodeKl(
  g: Graph,
  w: Weights,
  config: AutoencoderKlConfig,
  image: Value,
): { readonly mean: Value; readonly logvar: Value } {
  const { channels, latentChannels } = config;
  const norm = { groups: config.normGroups, epsilon };
  const encoder = w.at("encoder");
  let x = convolution(g, encoder.at("conv_in"), image, { from: 3, to: channels[0] ?? 0, kernel: 3 }, three);
  for (const [block, to] of channels.entries()) {
    const module = encoder.at("down_blocks").at(block);
    for (let layer = 0; layer < config.layersPerBlock; layer++) {
      x = resnetBlock(g, module.at("resnets").at(layer), x, to, norm);
    }
    if (block === channels.length - 1) break;
    const shape = { from: to, to, kernel: 3 };
    // Padded below and to the right only.
    x = convolution(g, module.at("downsamplers").at(0).at("conv"), x, shape, { stride: 2, padding: [0, 0, 1, 1] });
  }
  const last = channels.at(-1) ?? 0;
  x = swish(g, groupNorm(g, encoder.at("conv_norm_out"), middle(g, encoder.at("mid_block"), config, x, norm), norm));
  const moments = 2 * latentChannels;
  x = convolution(g, encoder.at("conv_out"), x, { from: last, to: moments, kernel: 3 }, three);
  if (config.quantConvolution) x = convolution(g, w.at("quant_conv"), x, { from: moments, to: moments, kernel: 1 });
  return { mean: slice(g, x, 1, 0, latentChannels), logvar: slice(g, x, 1, latentChannels, moments) };
}

/** @param latents as the encoder gave them, no longer scaled. */
export function decodeKl(g: Graph, w: Weights, config: AutoencoderKlConfig, latents: Value): Value {
  const { latentChannels: latent } = config;
  const channels = [...config.channels].reverse();
  const norm = { groups: config.normGroups, epsilon };
  const decoder = w.at("decoder");
  let x = latents;
  if (config.postQuantConvolution) {
    x = convolution(g, w.at("post_quant_conv"), x, { from: latent, to: latent, kernel: 1 });
  }
  x = convolution(g, decoder.at("conv_in"), x, { from: latent, to: channels[0] ?? 0, kernel: 3 }, three);
  x = middle(g, decoder.at("mid_block"), config, x, norm);
  for (const [block, to] of channels.entries()) {
    const module = decoder.at("up_blocks").at(block);
    for (let layer = 0; layer <= config.layersPerBlock; layer++) {
      x = resnetBlock(g, module.at("resnets").at(layer), x, to, norm);
    }
    if (block === channels.length - 1) break;
    x = upsample(g, module.at("upsamplers").at(0), x, 2 * size(at(x.dims, 2)), 2 * size(at(x.dims, 3)));
  }
  x = swish(g, groupNorm(g, decoder.at("conv_norm_out"), x, norm));
  return convolution(g, decoder.at("conv_out"), x, { from: channels.at(-1) ?? 0, to: 3, kernel: 3 }, three);
}

function middle(g: Graph, w: Weights, config: AutoencoderKlConfig, x: Value, norm: NormOptions): Value {
  const channels = size(at(x.dims, 1));
  const hidden = resnetBlock(g, w.at("resnets").at(0), x, channels, norm);
  const seen = config.middleAttention ? lookAround(g, w.at("attentions").at(0), hidden, norm) : hidden;
  return resnetBlock(g, w.at("resnets").at(1), seen, channels, norm);
}

/** Published names, today's and those of older files. */
const attentionNames = [
  ["to_q", "query"],
  ["to_k", "key"],
  ["to_v", "value"],
  ["to_out.0", "proj_attn"],
] as const;

/** Attention with one head over all cells of a map. */
function lookAround(g: Graph, w: Weights, x: Value, norm: NormOptions): Value {
  const [batch = 0, channels = 0, height = 0, width = 0] = x.dims.map(size);
  const normed = groupNorm(g, w.at("group_norm"), x, norm);
  const rows = transpose(g, reshape(g, normed, [batch, channels, height * width]), [0, 2, 1]);
  const project = (which: 0 | 1 | 2 | 3, input: Value): Value => {
    const [name, older] = attentionNames[which];
    const module = w.at(w.has(`${older}.weight`) ? older : name);
    const published = module.shape("weight")?.length === 4 ? [channels, channels, 1, 1] : [channels, channels];
    const matrix = { ...module.tensor("weight", published), dims: [channels, channels] };
    const product = projection(g, { kind: "float32" }, [matrix], input);
    return add(g, product, g.weight(module.tensor("bias", [channels])));
  };
  const mixed = attention(g, project(0, rows), project(1, rows), project(2, rows), 1);
  return add(g, x, reshape(g, transpose(g, project(3, mixed), [0, 2, 1]), x.dims));
}

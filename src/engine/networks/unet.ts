/**
 * The network that removes noise: diffusers' UNet2DConditionModel, as Stable Diffusion 1, 2, LCM and SDXL have it.
 *
 * Papers: Rombach et al., "High-Resolution Image Synthesis with Latent Diffusion Models"; Podell et al., "SDXL".
 * Reference: huggingface/diffusers, models/unets/unet_2d_condition.py, unet_2d_blocks.py, embeddings.py.
 *
 *   sample [B, C, H, W], timestep [1], encoder_hidden_states [B, tokens, width] → noise [B, C, H, W]
 *   SDXL also: text_embeds [B, pooled], time_ids [B, 6]; distilled guidance also: timestep_cond [B, guidanceWidth]
 */
import type { Graph, Value } from "../graph/graph";
import { convolution, linear, projection } from "../graph/layers";
import { add, at, concat, mul, reshape, size } from "../graph/ops";
import type { UnetConfig } from "../model/unet-config";
import type { Weights } from "../weights/weights";
import { groupNorm, type NormOptions, resnetBlock, swish, upsample } from "./diffusion-blocks";
import { spatialTransformer } from "./spatial-transformer";

export interface UnetShape {
  readonly batch: number;
  /** Of the latents. */
  readonly height: number;
  readonly width: number;
  /** Of the prompt. */
  readonly tokens: number;
}

const format = { kind: "float32" } as const;
/** Height and width before and after cropping, and the crop's corner. */
export const timeIdentities = 6;

export function unet(g: Graph, w: Weights, config: UnetConfig, shape: UnetShape): Value {
  const { channels, inChannels, outChannels, layersPerBlock } = config;
  const { batch, height, width, tokens } = shape;
  const sample = g.input("sample", "float32", [batch, inChannels, height, width]);
  const prompt = g.input("encoder_hidden_states", "float32", [batch, tokens, config.crossAttentionWidth]);
  const [first = 0] = channels;
  const norm = { groups: config.normGroups, epsilon: config.normEpsilon };
  const time = { embedding: swish(g, embedTime(g, w, config, batch)), width: 4 * first };
  const parts = { g, config, norm, time, prompt };

  let x = convolution(g, w.at("conv_in"), sample, { from: inChannels, to: first, kernel: 3 }, { padding: 1 });
  const skipped = [x];
  for (const [block, to] of channels.entries()) {
    const module = w.at("down_blocks").at(block);
    for (let layer = 0; layer < (layersPerBlock[block] ?? 0); layer++) {
      x = layerOf(parts, module, x, to, { block, layer, attends: config.downAttention[block] === true });
      skipped.push(x);
    }
    if (block === channels.length - 1) break;
    const downsampler = module.at("downsamplers").at(0).at("conv");
    x = convolution(g, downsampler, x, { from: to, to, kernel: 3 }, { stride: 2, padding: 1 });
    skipped.push(x);
  }
  if (config.middle) x = middle(parts, w.at("mid_block"), x);
  x = up(parts, w.at("up_blocks"), x, skipped);

  const normed = swish(g, groupNorm(g, w.at("conv_norm_out"), x, norm));
  return convolution(g, w.at("conv_out"), normed, { from: first, to: outChannels, kernel: 3 }, { padding: 1 });
}

interface Parts {
  readonly g: Graph;
  readonly config: UnetConfig;
  readonly norm: NormOptions;
  readonly time: { readonly embedding: Value; readonly width: number };
  readonly prompt: Value;
}

interface Place {
  /** Counted as on the way down. */
  readonly block: number;
  readonly layer: number;
  readonly attends: boolean;
}

/** A resnet block, and where the block attends, a transformer after it. */
function layerOf({ g, config, norm, time, prompt }: Parts, w: Weights, x: Value, to: number, place: Place): Value {
  const { block, layer, attends } = place;
  const hidden = resnetBlock(g, w.at("resnets").at(layer), x, to, norm, time);
  if (!attends) return hidden;
  const layers = config.transformerLayers[block] ?? 1;
  const options = { layers, heads: config.heads[block] ?? 1, groups: norm.groups, prompt };
  return spatialTransformer(g, w.at("attentions").at(layer), hidden, options);
}

function middle(parts: Parts, w: Weights, x: Value): Value {
  const block = parts.config.channels.length - 1;
  const to = parts.config.channels[block] ?? 0;
  const hidden = layerOf(parts, w, x, to, { block, layer: 0, attends: true });
  return layerOf(parts, w, hidden, to, { block, layer: 1, attends: false });
}

/** The way up takes in, layer by layer and last first, what the way down gave. */
function up(parts: Parts, w: Weights, from: Value, skipped: Value[]): Value {
  const { g, config } = parts;
  const blocks = config.channels.length;
  let x = from;
  for (let index = 0; index < blocks; index++) {
    const block = blocks - 1 - index;
    const to = config.channels[block] ?? 0;
    for (let layer = 0; layer <= (config.layersPerBlock[block] ?? 0); layer++) {
      const skip = skipped.pop();
      if (skip === undefined) throw new RangeError("more layers up than down");
      const attends = config.upAttention[index] === true;
      x = layerOf(parts, w.at(index), concat(g, [x, skip], 1), to, { block, layer, attends });
    }
    const next = skipped.at(-1);
    if (next === undefined) break;
    x = upsample(g, w.at(index).at("upsamplers").at(0), x, size(at(next.dims, 2)), size(at(next.dims, 3)));
  }
  return x;
}

/** [B, 4·C₀]: the time step, and what else conditions the whole picture. */
function embedTime(g: Graph, w: Weights, config: UnetConfig, batch: number): Value {
  const [first = 0] = config.channels;
  const width = 4 * first;
  let step = sinusoid(g, config, g.input("timestep", "float32", [1]), first);
  if (config.guidanceWidth !== undefined) {
    const guidance = g.input("timestep_cond", "float32", [batch, config.guidanceWidth]);
    const weight = w.at("time_embedding").at("cond_proj").tensor("weight", [first, config.guidanceWidth]);
    step = add(g, step, projection(g, format, [weight], guidance));
  }
  const embedded = twoLayers(g, w.at("time_embedding"), step, first, width);
  if (config.textTime === undefined) return embedded;

  const { timeWidth, inputWidth } = config.textTime;
  const pooledWidth = inputWidth - timeIdentities * timeWidth;
  const pooled = g.input("text_embeds", "float32", [batch, pooledWidth]);
  const sizes = reshape(g, g.input("time_ids", "float32", [batch, timeIdentities]), [batch, timeIdentities, 1]);
  const joined = concat(
    g,
    [pooled, reshape(g, sinusoid(g, config, sizes, timeWidth), [batch, timeIdentities * timeWidth])],
    1,
  );
  return add(g, embedded, twoLayers(g, w.at("add_embedding"), joined, inputWidth, width));
}

function twoLayers(g: Graph, w: Weights, x: Value, from: number, to: number): Value {
  return linear(g, format, w.at("linear_2"), swish(g, linear(g, format, w.at("linear_1"), x, from, to)), to, to);
}

/** [.., 1] (or [1]) → [.., width]: sines and cosines of the number at falling frequencies. */
function sinusoid(g: Graph, { flipSineToCosine, frequencyShift }: UnetConfig, x: Value, width: number): Value {
  const half = Math.floor(width / 2);
  const frequencies = Float32Array.from({ length: half }, (_, i) =>
    Math.exp(Math.fround((Math.fround(-Math.log(10_000)) * i) / (half - frequencyShift))),
  );
  const axes = x.dims.length === 1 ? [1, 1] : x.dims;
  const angles = mul(g, reshape(g, x, axes), g.table(`frequencies(${width})`, [half], frequencies));
  const sine = g.node("Sin", [angles], angles.dims);
  const cosine = g.node("Cos", [angles], angles.dims);
  return concat(g, flipSineToCosine ? [cosine, sine] : [sine, cosine], angles.dims.length - 1);
}

/**
 * What the UNet and the autoencoder of latent diffusion are both made of. Maps are [B, C, H, W].
 *
 * Reference: huggingface/diffusers, models/resnet.py (`ResnetBlock2D`), upsampling.py, downsampling.py.
 */
import type { Graph, Value } from "../graph/graph";
import { convolution, linear } from "../graph/layers";
import { add, at, mul, reshape, size } from "../graph/ops";
import type { Weights } from "../weights/weights";

export interface NormOptions {
  readonly groups: number;
  readonly epsilon: number;
}

/** x·σ(x) as one operator. */
export const swish = (g: Graph, x: Value): Value =>
  g.node("QuickGelu", [x], x.dims, { domain: "com.microsoft", attributes: { alpha: { float: 1 } } });

/** torch.nn.GroupNorm: each group of channels to mean 0 and variance 1, then a scale and a bias for each channel. */
export function groupNorm(g: Graph, w: Weights, x: Value, { groups, epsilon }: NormOptions): Value {
  const [batch, channels, height, width] = x.dims.map(size);
  if (batch === undefined || channels === undefined || height === undefined || width === undefined) {
    throw new RangeError("a map has four axes");
  }
  const ones = g.table(`ones(${groups})`, [groups], new Float32Array(groups).fill(1));
  const zeros = g.table(`zeros(${groups})`, [groups], new Float32Array(groups));
  const grouped = reshape(g, x, [batch, groups, (channels / groups) * height * width]);
  const normed = g.node("InstanceNormalization", [grouped, ones, zeros], grouped.dims, {
    attributes: { epsilon: { float: epsilon } },
  });
  const scale = g.weight(w.tensor("weight", [channels]), [channels, 1, 1]);
  const bias = g.weight(w.tensor("bias", [channels]), [channels, 1, 1]);
  return add(g, mul(g, reshape(g, normed, x.dims), scale), bias);
}

/**
 * Two normalised convolutions around the embedded time step, and the way past them.
 *
 * @param time σ-activated embedding [B, timeWidth]; undefined in an autoencoder.
 */
export function resnetBlock(
  g: Graph,
  w: Weights,
  x: Value,
  to: number,
  norm: NormOptions,
  time?: { readonly embedding: Value; readonly width: number },
): Value {
  const from = size(at(x.dims, 1));
  const three = { kernel: 3, padding: 1 };
  let hidden = swish(g, groupNorm(g, w.at("norm1"), x, norm));
  hidden = convolution(g, w.at("conv1"), hidden, { from, to, kernel: three.kernel }, three);
  if (time !== undefined) {
    const shift = linear(g, { kind: "float32" }, w.at("time_emb_proj"), time.embedding, time.width, to);
    hidden = add(g, hidden, reshape(g, shift, [at(shift.dims, 0), to, 1, 1]));
  }
  hidden = swish(g, groupNorm(g, w.at("norm2"), hidden, norm));
  hidden = convolution(g, w.at("conv2"), hidden, { from: to, to, kernel: three.kernel }, three);
  const past = from === to ? x : convolution(g, w.at("conv_shortcut"), x, { from, to, kernel: 1 });
  return add(g, past, hidden);
}

/** Every pixel repeated to the new size (the nearest one), without smoothing. */
export function enlarge(g: Graph, x: Value, height: number, width: number): Value {
  const dims = [at(x.dims, 0), at(x.dims, 1), height, width].map(size);
  return g.node("Resize", [x, undefined, undefined, g.ints(dims)], dims, {
    attributes: { mode: "nearest", coordinate_transformation_mode: "asymmetric", nearest_mode: "floor" },
  });
}

/** Nearest to a new size, then a 3 × 3 convolution. */
export function upsample(g: Graph, w: Weights, x: Value, height: number, width: number): Value {
  const channels = size(at(x.dims, 1));
  const shape = { from: channels, to: channels, kernel: 3 };
  return convolution(g, w.at("conv"), enlarge(g, x, height, width), shape, { padding: 1 });
}

/**
 * What the UNet and the autoencoder of latent diffusion are both made of. Maps are [B, C, H, W].
 *
 * Reference: huggingface/diffusers, models/resnet.py (`ResnetBlock2D`), upsampling.py, downsampling.py.
 */
import type { Graph, Value } from "../graph/graph";
import { convolution, linear } from "../graph/layers";
import { add, at, concat, matmul, mul, reshape, size } from "../graph/ops";
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

/** Nearest to a new size, then a 3 × 3 convolution with a bias. */
export function upsample(g: Graph, w: Weights, x: Value, height: number, width: number): Value {
  const [, channels = 0, fromHeight = 0, fromWidth = 0] = x.dims.map(size);
  if (height === 2 * fromHeight && width === 2 * fromWidth) return upsampleTwice(g, w, x, channels);
  const shape = { from: channels, to: channels, kernel: 3 };
  return convolution(g, w.at("conv"), enlarge(g, x, height, width), shape, { padding: 1 });
}

/**
 * To twice the size without making the enlarged map: of the 3 × 3 cells that a pixel would see there, only 2 × 2 differ.
 * Each of a cell's four pixels has its own sums of the kernel's weights; 4 products take the place of 9.
 */
function upsampleTwice(g: Graph, w: Weights, x: Value, channels: number): Value {
  const [batch = 0, , height = 0, width = 0] = x.dims.map(size);
  const module = w.at("conv");
  const kernel = g.weight(module.tensor("weight", [channels, channels, 3, 3]), [channels * channels, 9]);
  const parts = [0, 1, 2, 3].map((pixel) => {
    const [lower, right] = [pixel >> 1, pixel & 1];
    const sums = g.table(`upsample(${pixel})`, [9, 4], kernelSums(lower, right));
    const weight = reshape(g, matmul(g, kernel, sums), [channels, channels, 2, 2]);
    return g.node("Conv", [x, weight, g.weight(module.tensor("bias", [channels]))], [batch, channels, height, width], {
      attributes: { kernel_shape: [2, 2], pads: [1 - lower, 1 - right, lower, right] },
    });
  });
  const dims = [batch, channels, 2 * height, 2 * width];
  return g.node("DepthToSpace", [concat(g, parts, 1)], dims, { attributes: { blocksize: 2, mode: "DCR" } });
}

/** [9, 4]: which of 3 × 3 weights fall on which of the 2 × 2 cells that the upper or lower, left or right pixel sees. */
function kernelSums(lower: number, right: number): Float32Array {
  const sums = new Float32Array(9 * 4);
  for (let row = 0; row < 3; row++) {
    for (let column = 0; column < 3; column++) {
      const cell = 2 * ((row + 1 - lower) >> 1) + ((column + 1 - right) >> 1);
      sums[4 * (3 * row + column) + cell] = 1;
    }
  }
  return sums;
}

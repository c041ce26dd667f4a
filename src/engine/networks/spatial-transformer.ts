/**
 * The attention of a diffusion UNet: every cell of a map looks at the map, then at the prompt.
 *
 * Paper: Rombach et al., "High-Resolution Image Synthesis with Latent Diffusion Models", section 3.3. Reference:
 * huggingface/diffusers, models/transformers/transformer_2d.py, models/attention.py (`BasicTransformerBlock`, `GEGLU`).
 */
import type { Graph, Value } from "../graph/graph";
import { attention, gelu, layerNorm, linear, projection } from "../graph/layers";
import { add, at, mul, reshape, size, slice, transpose } from "../graph/ops";
import type { Weights } from "../weights/weights";
import { groupNorm } from "./diffusion-blocks";

const format = { kind: "float32" } as const;
/** Fixed in the reference, whatever the UNet's own. */
const groupEpsilon = 1e-6;
const layerEpsilon = 1e-5;

export interface TransformerOptions {
  readonly layers: number;
  readonly heads: number;
  readonly groups: number;
  /** [B, tokens, width] */
  readonly prompt: Value;
}

/** @param x [B, C, H, W] @returns the same shape */
export function spatialTransformer(g: Graph, w: Weights, x: Value, options: TransformerOptions): Value {
  const [batch, channels, height, width] = x.dims.map(size);
  if (batch === undefined || channels === undefined || height === undefined || width === undefined) {
    throw new RangeError("a map has four axes");
  }
  const normed = groupNorm(g, w.at("norm"), x, { groups: options.groups, epsilon: groupEpsilon });
  const rows = transpose(g, reshape(g, normed, [batch, channels, height * width]), [0, 2, 1]);
  let hidden = pointwise(g, w.at("proj_in"), rows, channels);
  for (let layer = 0; layer < options.layers; layer++) {
    hidden = transformerBlock(g, w.at("transformer_blocks").at(layer), hidden, channels, options);
  }
  const out = transpose(g, pointwise(g, w.at("proj_out"), hidden, channels), [0, 2, 1]);
  return add(g, reshape(g, out, x.dims), x);
}

/** A linear layer, published as one or (without `use_linear_projection`) as a 1 × 1 convolution. */
function pointwise(g: Graph, w: Weights, x: Value, width: number): Value {
  const published = w.shape("weight")?.length === 4 ? [width, width, 1, 1] : [width, width];
  const matrix = { ...w.tensor("weight", published), dims: [width, width] };
  return add(g, projection(g, format, [matrix], x), g.weight(w.tensor("bias", [width])));
}

function transformerBlock(g: Graph, w: Weights, x: Value, width: number, options: TransformerOptions): Value {
  const { heads, prompt } = options;
  const norm = (name: string, input: Value): Value => layerNorm(g, w.at(name), input, width, layerEpsilon);
  const own = norm("norm1", x);
  const seen = add(g, x, attend(g, w.at("attn1"), own, own, width, heads));
  const told = add(g, seen, attend(g, w.at("attn2"), norm("norm2", seen), prompt, width, heads));
  return add(g, told, feedForward(g, w.at("ff").at("net"), norm("norm3", told), width));
}

function attend(g: Graph, w: Weights, from: Value, to: Value, width: number, heads: number): Value {
  const project = (name: string, input: Value): Value =>
    projection(g, format, [w.at(name).tensor("weight", [width, size(at(input.dims, 2))])], input);
  const mixed = attention(g, project("to_q", from), project("to_k", to), project("to_v", to), heads);
  return linear(g, format, w.at("to_out").at(0), mixed, width, width);
}

/** GEGLU: one half of a wide layer, times the GELU of the other half; then back. */
function feedForward(g: Graph, w: Weights, x: Value, width: number): Value {
  const inner = 4 * width;
  const wide = linear(g, format, w.at(0).at("proj"), x, width, 2 * inner);
  const value = slice(g, wide, 2, 0, inner);
  const gate = slice(g, wide, 2, inner, 2 * inner);
  return linear(g, format, w.at(2), mul(g, value, gelu(g, gate)), inner, width);
}

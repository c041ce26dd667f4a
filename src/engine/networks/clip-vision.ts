/**
 * The low-resolution encoder: CLIP's vision transformer up to the layer that MGM reads.
 *
 * Paper: "Mini-Gemini", section 3.1. Reference: dvlab-research/MGM, mgm/model/multimodal_encoder/clip_encoder.py;
 * layers and names after transformers' CLIPVisionModel.
 *
 *   pixels [B, 3, S, S] → patches + class token [B, 1 + n², C] → layers → X_L [B, n², C]   (class token dropped)
 *
 * `mm_vision_select_layer` indexes the hidden states, the embeddings being the first: −2 leaves out the last layer.
 */
import type { Graph, Value } from "../graph/graph";
import { attention, convolution, gelu, layerNorm, linear, type LinearFormat, quickGelu } from "../graph/layers";
import { add, concat, reshape, slice, transpose } from "../graph/ops";
import type { ClipVisionConfig } from "../model/encoders";
import type { Weights } from "../weights/weights";

export interface ClipVisionOptions {
  /** Images run together: 1, or the tiles and the global view of an HD model. */
  readonly batch: number;
  /** `mm_vision_select_layer`. */
  readonly selectLayer: number;
  readonly format: LinearFormat;
}

/** @param w at the module that holds `vision_model`. */
export function clipVision(g: Graph, w: Weights, config: ClipVisionConfig, options: ClipVisionOptions): Value {
  const { imageSize, patchSize, hiddenSize, layers } = config;
  const { batch, selectLayer } = options;
  const vision = w.at("vision_model");
  const side = Math.floor(imageSize / patchSize);

  const pixels = g.input("pixels", "float32", [batch, 3, imageSize, imageSize]);
  let hidden = preLayerNorm(g, vision, config, embed(g, vision.at("embeddings"), config, pixels, batch, side));
  const depth = selectLayer < 0 ? layers + 1 + selectLayer : selectLayer;
  for (let layer = 0; layer < depth; layer++) {
    hidden = encoderLayer(g, vision.at("encoder").at("layers").at(layer), config, options.format, hidden);
  }
  const features = slice(g, hidden, 1, 1, 1 + side * side);
  return { ...features, dims: [batch, side * side, hiddenSize] };
}

function embed(g: Graph, w: Weights, config: ClipVisionConfig, pixels: Value, batch: number, side: number): Value {
  const { hiddenSize, patchSize } = config;
  const shape = { from: 3, to: hiddenSize, kernel: patchSize };
  const patches = convolution(g, w.at("patch_embedding"), pixels, shape, { stride: patchSize, bias: false });
  const tokens = transpose(g, reshape(g, patches, [batch, hiddenSize, side * side]), [0, 2, 1]);
  const classToken = g.weight(w.tensor("class_embedding", [hiddenSize]), [1, 1, hiddenSize]);
  const classTokens = g.node("Expand", [classToken, g.ints([batch, 1, hiddenSize])], [batch, 1, hiddenSize]);
  const positions = g.weight(w.at("position_embedding").tensor("weight", [side * side + 1, hiddenSize]));
  return add(g, concat(g, [classTokens, tokens], 1), positions);
}

/** The published name has this spelling. */
function preLayerNorm(g: Graph, w: Weights, { hiddenSize, layerNormEps }: ClipVisionConfig, x: Value): Value {
  return layerNorm(g, w.at("pre_layrnorm"), x, hiddenSize, layerNormEps);
}

function encoderLayer(g: Graph, w: Weights, config: ClipVisionConfig, format: LinearFormat, x: Value): Value {
  const { hiddenSize, intermediateSize, heads, layerNormEps, activation } = config;
  const attend = w.at("self_attn");
  const normed = layerNorm(g, w.at("layer_norm1"), x, hiddenSize, layerNormEps);
  const project = (name: string, input: Value): Value =>
    linear(g, format, attend.at(name), input, hiddenSize, hiddenSize);
  const mixed = attention(g, project("q_proj", normed), project("k_proj", normed), project("v_proj", normed), heads);
  const attended = add(g, x, project("out_proj", mixed));

  const wide = linear(
    g,
    format,
    w.at("mlp").at("fc1"),
    layerNorm(g, w.at("layer_norm2"), attended, hiddenSize, layerNormEps),
    hiddenSize,
    intermediateSize,
  );
  const active = activation === "quick_gelu" ? quickGelu(g, wide) : gelu(g, wide);
  return add(g, attended, linear(g, format, w.at("mlp").at("fc2"), active, intermediateSize, hiddenSize));
}

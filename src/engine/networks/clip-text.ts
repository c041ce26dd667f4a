/**
 * The text encoder of latent diffusion: CLIP's text transformer.
 *
 * Paper: Radford et al., "Learning Transferable Visual Models From Natural Language Supervision". Reference:
 * huggingface/transformers, models/clip/modeling_clip.py (`CLIPTextModel`, `CLIPTextModelWithProjection`).
 *
 *   input_ids [1, tokens] → last_hidden_state [1, tokens, C] (normalised), penultimate [1, tokens, C] (as it is),
 *   and with a projection: end_position [1] → text_embeds [1, P]
 */
import type { Graph, Value } from "../graph/graph";
import { gelu, layerNorm, linear, projection, quickGelu } from "../graph/layers";
import { add, gather, reshape } from "../graph/ops";
import type { ClipTextConfig } from "../model/clip-text-config";
import type { Weights } from "../weights/weights";

const format = { kind: "float32" } as const;
/** What is added to scores that must not count. */
const masked = -1e30;

export interface ClipTextOutputs {
  readonly lastHiddenState: Value;
  /** Before the last layer. */
  readonly penultimate: Value;
  readonly textEmbeddings: Value | undefined;
}

export function clipText(g: Graph, w: Weights, config: ClipTextConfig, tokens: number): ClipTextOutputs {
  const { hiddenSize, layers, layerNormEps, projectionWidth } = config;
  // Files of transformers 5 name the same tensors without the outer module.
  const text = w.has("embeddings.token_embedding.weight") ? w : w.at("text_model");
  let hidden = embed(g, text.at("embeddings"), config, tokens);
  let penultimate = hidden;
  const mask = causalMask(g, tokens);
  for (let layer = 0; layer < layers; layer++) {
    penultimate = hidden;
    hidden = encoderLayer(g, text.at("encoder").at("layers").at(layer), config, hidden, mask);
  }
  const lastHiddenState = layerNorm(g, text.at("final_layer_norm"), hidden, hiddenSize, layerNormEps);
  if (projectionWidth === undefined) return { lastHiddenState, penultimate, textEmbeddings: undefined };

  const position = g.input("end_position", "int64", [1]);
  const pooled = reshape(g, gather(g, lastHiddenState, position, 1), [1, hiddenSize]);
  const matrix = w.at("text_projection").tensor("weight", [projectionWidth, hiddenSize]);
  return { lastHiddenState, penultimate, textEmbeddings: projection(g, format, [matrix], pooled) };
}

function embed(g: Graph, w: Weights, config: ClipTextConfig, tokens: number): Value {
  const { hiddenSize, vocabularySize, maxPositions } = config;
  const ids = g.input("input_ids", "int64", [1, tokens]);
  // Rows are picked before they are cast: the table is much larger than a prompt.
  const table = g.stored(w.at("token_embedding").tensor("weight", [vocabularySize, hiddenSize]));
  const words = g.cast(gather(g, table, ids, 0), "float32");
  const positions = g.stored(w.at("position_embedding").tensor("weight", [maxPositions, hiddenSize]));
  const places = g.ints(Array.from({ length: tokens }, (_, position) => position));
  return add(g, words, g.cast(gather(g, positions, places, 0), "float32"));
}

/** Every token sees itself and those before it. [1, 1, tokens, tokens] */
function causalMask(g: Graph, tokens: number): Value {
  const values = new Float32Array(tokens * tokens);
  for (let row = 0; row < tokens; row++) values.fill(masked, row * tokens + row + 1, (row + 1) * tokens);
  return g.table(`causalMask(${tokens})`, [1, 1, tokens, tokens], values);
}

function encoderLayer(g: Graph, w: Weights, config: ClipTextConfig, x: Value, mask: Value): Value {
  const { hiddenSize, intermediateSize, heads, layerNormEps, activation } = config;
  const attend = w.at("self_attn");
  const normed = layerNorm(g, w.at("layer_norm1"), x, hiddenSize, layerNormEps);
  const project = (name: string, input: Value): Value =>
    linear(g, format, attend.at(name), input, hiddenSize, hiddenSize);
  const inputs = ["q_proj", "k_proj", "v_proj"].map((name) => project(name, normed));
  const mixed = g.node("MultiHeadAttention", [...inputs, undefined, undefined, mask], normed.dims, {
    domain: "com.microsoft",
    attributes: { num_heads: heads },
  });
  const attended = add(g, x, project("out_proj", mixed));

  const second = layerNorm(g, w.at("layer_norm2"), attended, hiddenSize, layerNormEps);
  const wide = linear(g, format, w.at("mlp").at("fc1"), second, hiddenSize, intermediateSize);
  const active = activation === "quick_gelu" ? quickGelu(g, wide) : gelu(g, wide);
  return add(g, attended, linear(g, format, w.at("mlp").at("fc2"), active, intermediateSize, hiddenSize));
}

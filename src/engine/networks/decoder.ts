/**
 * The language model: a decoder of the LLaMA kind. One file for all published families, which differ in little:
 *   LLaMA, Vicuna, Yi, SmolLM2, LLaMA-3   SwiGLU, RMSNorm, rotary positions, grouped queries where the config says so
 *   Gemma                                 GELU instead of SiLU, RMSNorm scales by 1 + w, embeddings times √width
 *   Mixtral                               a mixture of experts in place of the MLP (`mixture-of-experts.ts`)
 * Source: transformers 4.36/4.38, modeling_llama.py, modeling_gemma.py, modeling_mixtral.py (names of tensors too).
 *
 *   inputs_embeds [1, T, D] + key-value cache of P tokens → logits [1, R, V] of the R asked positions
 *
 * Attention is com.microsoft.GroupQueryAttention: it rotates queries and keys, appends them to the cache and masks
 * causally. The cache tensors have a fixed capacity; past and present are the same memory.
 */
import type { Graph, Value } from "../graph/graph";
import { type LinearFormat, projection } from "../graph/layers";
import { add, gather, mul } from "../graph/ops";
import type { DecoderConfig } from "../model/decoder-config";
import type { StoredTensor } from "../weights/tensor";
import type { Weights } from "../weights/weights";
import { activate, type Context, contextOf, decoderNames, rmsNorm, selfAttention } from "./decoder-parts";
import { mixtureOfExperts } from "./mixture-of-experts";

export interface DecoderOptions {
  readonly format: LinearFormat;
  readonly headFormat: LinearFormat;
  /** Positions for which rotary tables are made. */
  readonly contextLength: number;
}

interface DecoderContext extends Context {
  readonly format: LinearFormat;
}

/** @param w at the root of the checkpoint: `model.*` and `lm_head`. */
export function decoder(g: Graph, w: Weights, config: DecoderConfig, options: DecoderOptions): void {
  const { hiddenSize, layers, vocabularySize, family } = config;
  const embeddings = g.input(decoderNames.embeddings, "float32", [1, "tokens", hiddenSize]);
  const context: DecoderContext = { ...contextOf(g, config, options.contextLength), format: options.format };
  const positions = g.input(decoderNames.positions, "int64", ["rows"]);

  const model = w.at("model");
  let residual = family === "gemma" ? mul(g, embeddings, g.scalar(Math.sqrt(hiddenSize))) : embeddings;
  for (let layer = 0; layer < layers; layer++) {
    residual = decoderLayer(context, model.at("layers").at(layer), layer, residual);
  }
  const asked = gather(g, residual, positions, 1);
  const normed = norm(context, model.at("norm"), asked);
  g.output(decoderNames.logits, projection(g, options.headFormat, [headMatrix(w, config)], normed));
  if (config.tiedEmbeddings) return;
  model.at("embed_tokens").tensor("weight", [vocabularySize, hiddenSize]);
}

/** The table of input embeddings [V, D], which the host code reads row by row. */
export function embeddingTable(w: Weights, { vocabularySize, hiddenSize }: DecoderConfig): StoredTensor {
  return w.at("model").at("embed_tokens").tensor("weight", [vocabularySize, hiddenSize]);
}

function headMatrix(w: Weights, config: DecoderConfig): StoredTensor {
  if (config.tiedEmbeddings) return embeddingTable(w, config);
  return w.at("lm_head").tensor("weight", [config.vocabularySize, config.hiddenSize]);
}

function decoderLayer(context: DecoderContext, w: Weights, layer: number, residual: Value): Value {
  const { g, config, format } = context;
  const attended = add(g, residual, attend(context, w, layer, norm(context, w.at("input_layernorm"), residual)));
  const normed = norm(context, w.at("post_attention_layernorm"), attended);
  if (config.experts !== undefined) {
    const moe = w.at("block_sparse_moe");
    return add(g, attended, mixtureOfExperts(g, moe, format, { ...config, experts: config.experts }, normed));
  }
  const { hiddenSize, intermediateSize } = config;
  const mlp = w.at("mlp");
  const wide = (name: string): Value =>
    projection(g, format, [mlp.at(name).tensor("weight", [intermediateSize, hiddenSize])], normed);
  const gated = mul(g, activate(g, config, wide("gate_proj")), wide("up_proj"));
  const narrow = mlp.at("down_proj").tensor("weight", [hiddenSize, intermediateSize]);
  return add(g, attended, projection(g, format, [narrow], gated));
}

function attend(context: DecoderContext, w: Weights, layer: number, x: Value): Value {
  const { g, config, format } = context;
  const { hiddenSize, heads, keyValueHeads, headSize } = config;
  const attention = w.at("self_attn");
  const matrix = (name: string, rows: number): StoredTensor => attention.at(name).tensor("weight", [rows, hiddenSize]);
  const narrow = keyValueHeads * headSize;
  const joined = [matrix("q_proj", heads * headSize), matrix("k_proj", narrow), matrix("v_proj", narrow)];
  const mixed = selfAttention(context, layer, projection(g, format, joined, x));
  const output = attention.at("o_proj").tensor("weight", [hiddenSize, heads * headSize]);
  return projection(g, format, [output], mixed);
}

/** RMSNorm with a published scale, which Gemma keeps less one. */
function norm(context: Context, w: Weights, x: Value): Value {
  const { g, config } = context;
  const weight = w.tensor("weight", [config.hiddenSize]);
  const transform = config.family === "gemma" ? ({ kind: "float32", add: 1 } as const) : ({ kind: "float32" } as const);
  const outputs = [{ name: weight.name, type: "float32", dims: weight.dims }] as const;
  const [scale] = g.converted([weight], transform, outputs);
  if (scale === undefined) throw new TypeError(`no output for ${weight.name}`);
  return rmsNorm(context, scale, x);
}

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
import { gelu, geluTanh, type LinearFormat, projection, silu } from "../graph/layers";
import { add, gather, mul, reshape, slice } from "../graph/ops";
import type { DecoderConfig } from "../model/decoder-config";
import type { StoredTensor } from "../weights/tensor";
import type { Weights } from "../weights/weights";
import { mixtureOfExperts } from "./mixture-of-experts";

export interface DecoderOptions {
  readonly format: LinearFormat;
  readonly headFormat: LinearFormat;
  /** Positions for which rotary tables are made. */
  readonly contextLength: number;
}

/** Names of the graph's inputs and outputs. */
export const decoderNames = {
  embeddings: "inputs_embeds",
  lengthBefore: "seqlens_k",
  length: "total_sequence_length",
  positions: "logit_positions",
  logits: "logits",
  past: (layer: number, part: "key" | "value"): string => `past_key_values.${layer}.${part}`,
  present: (layer: number, part: "key" | "value"): string => `present.${layer}.${part}`,
};

interface Context {
  readonly g: Graph;
  readonly config: DecoderConfig;
  readonly format: LinearFormat;
  readonly lengthBefore: Value;
  readonly length: Value;
  readonly cosine: Value;
  readonly sine: Value;
}

/** @param w at the root of the checkpoint: `model.*` and `lm_head`. */
export function decoder(g: Graph, w: Weights, config: DecoderConfig, options: DecoderOptions): void {
  const { hiddenSize, layers, vocabularySize, family } = config;
  const embeddings = g.input(decoderNames.embeddings, "float32", [1, "tokens", hiddenSize]);
  const context: Context = {
    g,
    config,
    format: options.format,
    lengthBefore: g.input(decoderNames.lengthBefore, "int32", [1]),
    length: g.input(decoderNames.length, "int32", []),
    ...rotaryTables(g, config, options.contextLength),
  };
  const positions = g.input(decoderNames.positions, "int64", ["rows"]);

  const model = w.at("model");
  let residual = family === "gemma" ? mul(g, embeddings, g.scalar(Math.sqrt(hiddenSize))) : embeddings;
  for (let layer = 0; layer < layers; layer++) {
    residual = decoderLayer(context, model.at("layers").at(layer), layer, residual);
  }
  const asked = gather(g, residual, positions, 1);
  const normed = rmsNorm(context, model.at("norm"), asked);
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

function decoderLayer(context: Context, w: Weights, layer: number, residual: Value): Value {
  const { g, config, format } = context;
  const attended = add(
    g,
    residual,
    selfAttention(context, w, layer, rmsNorm(context, w.at("input_layernorm"), residual)),
  );
  const normed = rmsNorm(context, w.at("post_attention_layernorm"), attended);
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

function selfAttention(context: Context, w: Weights, layer: number, x: Value): Value {
  const { g, config, format, lengthBefore, length, cosine, sine } = context;
  const { hiddenSize, heads, keyValueHeads, headSize } = config;
  const attention = w.at("self_attn");
  const matrix = (name: string, rows: number): StoredTensor => attention.at(name).tensor("weight", [rows, hiddenSize]);
  const narrow = keyValueHeads * headSize;
  const joined = [matrix("q_proj", heads * headSize), matrix("k_proj", narrow), matrix("v_proj", narrow)];
  const queryKeyValue = padHeads(g, projection(g, format, joined, x), heads + 2 * keyValueHeads, headSize);

  const cache = [1, keyValueHeads, "capacity", cachedHeadSize(headSize)];
  const past = (part: "key" | "value"): Value => g.input(decoderNames.past(layer, part), "float32", cache);
  const [mixed, presentKey, presentValue] = g.nodeWithOutputs(
    "GroupQueryAttention",
    [queryKeyValue, undefined, undefined, past("key"), past("value"), lengthBefore, length, cosine, sine],
    [[1, "tokens", heads * cachedHeadSize(headSize)], cache, cache],
    {
      domain: "com.microsoft",
      attributes: {
        num_heads: heads,
        kv_num_heads: keyValueHeads,
        do_rotary: 1,
        rotary_interleaved: 0,
        scale: { float: headSize ** -0.5 },
      },
    },
  );
  if (mixed === undefined || presentKey === undefined || presentValue === undefined) throw new TypeError("no outputs");
  g.nameOutput(decoderNames.present(layer, "key"), presentKey);
  g.nameOutput(decoderNames.present(layer, "value"), presentValue);
  const output = attention.at("o_proj").tensor("weight", [hiddenSize, heads * headSize]);
  return projection(g, format, [output], cutHeads(g, mixed, heads, headSize));
}

/** The operator wants head sizes that are multiples of this. */
const headSizeStep = 16;

/** Size of a head in the key-value cache: its own, or the next that the attention operator takes. */
export const cachedHeadSize = (headSize: number): number => Math.ceil(headSize / headSizeStep) * headSizeStep;

/** Rotation pairs the halves of a head, so each half is filled up with zeros on its own. */
function padHeads(g: Graph, x: Value, heads: number, headSize: number): Value {
  const padded = cachedHeadSize(headSize);
  if (padded === headSize) return x;
  const halves = reshape(g, x, [1, "tokens", heads, 2, headSize / 2]);
  const zeros = g.ints([0, 0, 0, 0, 0, 0, 0, 0, 0, (padded - headSize) / 2]);
  const filled = g.node("Pad", [halves, zeros], [1, "tokens", heads, 2, padded / 2]);
  return reshape(g, filled, [1, "tokens", heads * padded]);
}

function cutHeads(g: Graph, x: Value, heads: number, headSize: number): Value {
  const padded = cachedHeadSize(headSize);
  if (padded === headSize) return x;
  const halves = reshape(g, x, [1, "tokens", heads, 2, padded / 2]);
  return reshape(g, slice(g, halves, 4, 0, headSize / 2), [1, "tokens", heads * headSize]);
}

function rmsNorm({ g, config }: Context, w: Weights, x: Value): Value {
  const weight = w.tensor("weight", [config.hiddenSize]);
  const transform = config.family === "gemma" ? ({ kind: "float32", add: 1 } as const) : ({ kind: "float32" } as const);
  const outputs = [{ name: weight.name, type: "float32", dims: weight.dims }] as const;
  const [scale] = g.converted([weight], transform, outputs);
  return g.node("SimplifiedLayerNormalization", [x, scale], x.dims, {
    attributes: { axis: -1, epsilon: { float: config.rmsNormEpsilon }, stash_type: 1 },
  });
}

function activate(g: Graph, { activation }: DecoderConfig, x: Value): Value {
  if (activation === "silu") return silu(g, x);
  return activation === "gelu" ? gelu(g, x) : geluTanh(g, x);
}

/** cos and sin of position · θ^(−2i/d), [contextLength, d/2] each; columns of padded heads do not matter. */
function rotaryTables(
  g: Graph,
  { headSize, ropeTheta }: DecoderConfig,
  contextLength: number,
): { cosine: Value; sine: Value } {
  const half = cachedHeadSize(headSize) / 2;
  const table = (f: (angle: number) => number): Float32Array =>
    Float32Array.from({ length: contextLength * half }, (_, index) => {
      // The frequency is rounded to float32 before it meets the position, as torch does.
      const frequency = Math.fround(1 / Math.fround(ropeTheta ** ((2 * (index % half)) / headSize)));
      return f(Math.fround(Math.floor(index / half) * frequency));
    });
  const dims = [contextLength, half];
  return {
    cosine: g.table("rotary.cosine", dims, table(Math.cos)),
    sine: g.table("rotary.sine", dims, table(Math.sin)),
  };
}

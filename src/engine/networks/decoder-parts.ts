/** What a layer of the language model is made of beside its large matrices: names, attention, norms, activations. */
import type { Graph, Value } from "../graph/graph";
import { gelu, geluTanh, silu } from "../graph/layers";
import { reshape, slice } from "../graph/ops";
import type { DecoderConfig } from "../model/decoder-config";

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

export interface Context {
  readonly g: Graph;
  readonly config: DecoderConfig;
  readonly lengthBefore: Value;
  readonly length: Value;
  readonly cosine: Value;
  readonly sine: Value;
}

/** Declares the inputs that attention needs, and its tables for `contextLength` positions. */
export function contextOf(g: Graph, config: DecoderConfig, contextLength: number): Context {
  return {
    g,
    config,
    lengthBefore: g.input(decoderNames.lengthBefore, "int32", [1]),
    length: g.input(decoderNames.length, "int32", []),
    ...rotaryTables(g, config, contextLength),
  };
}

/** Queries, keys and values of all heads side by side [1, T, (heads + 2·keyValueHeads)·size] → [1, T, heads·size]. */
export function selfAttention(context: Context, layer: number, queryKeyValue: Value): Value {
  const { g, config, lengthBefore, length, cosine, sine } = context;
  const { heads, keyValueHeads, headSize } = config;
  const padded = padHeads(g, queryKeyValue, heads + 2 * keyValueHeads, headSize);
  const cache = [1, keyValueHeads, "capacity", cachedHeadSize(headSize)];
  const past = (part: "key" | "value"): Value => g.input(decoderNames.past(layer, part), "float32", cache);
  const [mixed, presentKey, presentValue] = g.nodeWithOutputs(
    "GroupQueryAttention",
    [padded, undefined, undefined, past("key"), past("value"), lengthBefore, length, cosine, sine],
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
  return cutHeads(g, mixed, heads, headSize);
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

/** @param scale [D] */
export function rmsNorm({ g, config }: Context, scale: Value, x: Value): Value {
  return g.node("SimplifiedLayerNormalization", [x, scale], x.dims, {
    attributes: { axis: -1, epsilon: { float: config.rmsNormEpsilon }, stash_type: 1 },
  });
}

export function activate(g: Graph, { activation }: DecoderConfig, x: Value): Value {
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

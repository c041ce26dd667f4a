/**
 * Mixtral's sparse mixture of experts: each token goes through the few experts that its router prefers.
 *
 * Source: Jiang et al., "Mixtral of Experts", section 2.1; transformers 4.36, modeling_mixtral.py,
 * MixtralSparseMoeBlock: softmax over all experts, the best k, renormalised. Expert: w2(silu(w1·x) ∘ w3·x).
 *
 * Each expert gathers its tokens, runs on those alone (none is allowed), and adds its share back in place: as exact as
 * running every expert on every token, at k/E of the work.
 */
import type { Graph, Value } from "../graph/graph";
import { type LinearFormat, projection, silu } from "../graph/layers";
import { div, matmul, mul, reshape, softmax } from "../graph/ops";
import type { Weights } from "../weights/weights";

export interface MixtureConfig {
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly experts: { readonly count: number; readonly perToken: number };
}

/** @param w at `block_sparse_moe`. @param x [1, T, D] @returns [1, T, D] */
export function mixtureOfExperts(g: Graph, w: Weights, format: LinearFormat, config: MixtureConfig, x: Value): Value {
  const { hiddenSize, experts } = config;
  const tokens = reshape(g, x, ["tokens", hiddenSize]);
  const { weights, chosen } = route(g, w, tokens, config);

  let sum = g.node("Sub", [tokens, tokens], tokens.dims);
  for (let expert = 0; expert < experts.count; expert++) {
    // Rows of [2, n]: the tokens that chose this expert, and in which of their k places.
    const matches = g.node("Equal", [chosen, g.ints([expert], [1])], chosen.dims, { type: "bool" });
    const found = g.node("NonZero", [matches], [2, "routed"], { type: "int64" });
    const row = g.node("Gather", [found, g.ints([0], [])], ["routed"], { type: "int64" });
    const own = g.node("Gather", [tokens, row], ["routed", hiddenSize]);
    const places = g.node("Transpose", [found], ["routed", 2], { type: "int64", attributes: { perm: [1, 0] } });
    const share = g.node("GatherND", [weights, places], ["routed"]);
    const column = g.node("Unsqueeze", [share, g.ints([1])], ["routed", 1]);
    const output = mul(g, feedForward(g, w.at("experts").at(expert), format, config, own), column);
    const index = g.node("Unsqueeze", [row, g.ints([1])], ["routed", 1], { type: "int64" });
    sum = g.node("ScatterND", [sum, index, output], tokens.dims, { attributes: { reduction: "add" } });
  }
  return reshape(g, sum, [1, "tokens", hiddenSize]);
}

/** Which experts [T, k] each token goes to, and the weight of each. */
function route(
  g: Graph,
  w: Weights,
  tokens: Value,
  { hiddenSize, experts }: MixtureConfig,
): { weights: Value; chosen: Value } {
  const gate = w.at("gate").tensor("weight", [experts.count, hiddenSize]);
  const matrix = g.node("Transpose", [g.weight(gate)], [hiddenSize, experts.count], { attributes: { perm: [1, 0] } });
  const probabilities = softmax(g, matmul(g, tokens, matrix));
  const dims = ["tokens", experts.perToken];
  const [best, indices] = g.nodeWithOutputs("TopK", [probabilities, g.ints([experts.perToken])], [dims, dims], {
    attributes: { axis: -1, largest: 1, sorted: 1 },
  });
  if (best === undefined || indices === undefined) throw new TypeError("TopK has two outputs");
  const total = g.node("ReduceSum", [best, g.ints([1])], ["tokens", 1], { attributes: { keepdims: 1 } });
  return { weights: div(g, best, total), chosen: { ...indices, type: "int64" } };
}

function feedForward(g: Graph, w: Weights, format: LinearFormat, config: MixtureConfig, x: Value): Value {
  const { hiddenSize, intermediateSize } = config;
  const wide = (name: string): Value =>
    projection(g, format, [w.at(name).tensor("weight", [intermediateSize, hiddenSize])], x);
  const gated = mul(g, silu(g, wide("w1")), wide("w3"));
  return projection(g, format, [w.at("w2").tensor("weight", [hiddenSize, intermediateSize])], gated);
}

/**
 * The projector `mlp2x_gelu`: mined visual tokens to the language model's width.
 *
 * Reference: dvlab-research/MGM, mgm/model/multimodal_projector/builder.py: Linear, exact GELU, Linear.
 */
import type { Graph, Value } from "../graph/graph";
import { gelu, linear, type LinearFormat } from "../graph/layers";
import type { Weights } from "../weights/weights";

/** @param w at `mm_projector`. @param x [.., from] @returns [.., to] */
export function projector(g: Graph, format: LinearFormat, w: Weights, x: Value, from: number, to: number): Value {
  return linear(g, format, w.at(2), gelu(g, linear(g, format, w.at(0), x, from, to)), to, to);
}

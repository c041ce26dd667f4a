/**
 * One layer of the language model over many positions, with its four-bit matrices unpacked to bytes: products of
 * integers, which processors do many times as fast as `MatMulNBits`. The layer's weights are inputs, so that one graph
 * serves all layers.
 *
 *   hidden [1, T, D] + this layer's key-value cache → hidden [1, T, D]
 *
 * A matrix is the left factor and positions are columns: so the bytes stay in the order of the codes, and each
 * position has its own step, which the product takes.
 */
import type { Graph, Value } from "../graph/graph";
import { add, at, div, mul, reshape, size, transpose } from "../graph/ops";
import type { DecoderConfig } from "../model/decoder-config";
import { middleByte } from "../weights/unpack-rows";
import { activate, contextOf, rmsNorm, selfAttention } from "./decoder-parts";

export const layerNames = { hidden: "hidden", result: "result" };

/** A matrix of a layer: how its inputs are called, and which published ones it joins. */
export interface LayerMatrix {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  /** Published names within the layer. */
  readonly published: readonly string[];
}

/** Names of the graph's inputs for a matrix: bytes uint8 [rows, columns] and steps float32 [rows, 1]. */
export const bytesOf = ({ name }: LayerMatrix): string => `${name}.bytes`;
export const stepsOf = ({ name }: LayerMatrix): string => `${name}.steps`;

/** Published names of the norms' scales, as which they are inputs [D] too. */
export const layerNorms = ["input_layernorm.weight", "post_attention_layernorm.weight"] as const;

export function layerMatrices(config: DecoderConfig): Record<"mixed" | "output" | "gate" | "up" | "down", LayerMatrix> {
  const { hiddenSize, intermediateSize, heads, keyValueHeads, headSize } = config;
  const inner = heads * headSize;
  const of = (name: string, rows: number, columns: number, published: readonly string[]): LayerMatrix => ({
    name,
    rows,
    columns,
    published: published.map((part) => `${part}.weight`),
  });
  const queryKeyValue = ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"];
  return {
    mixed: of("query_key_value", inner + 2 * keyValueHeads * headSize, hiddenSize, queryKeyValue),
    output: of("output", hiddenSize, inner, ["self_attn.o_proj"]),
    gate: of("gate", intermediateSize, hiddenSize, ["mlp.gate_proj"]),
    up: of("up", intermediateSize, hiddenSize, ["mlp.up_proj"]),
    down: of("down", hiddenSize, intermediateSize, ["mlp.down_proj"]),
  };
}

/** @param contextLength positions for which rotary tables are made. */
export function promptLayer(g: Graph, config: DecoderConfig, contextLength: number): void {
  const { hiddenSize } = config;
  const matrices = layerMatrices(config);
  const hidden = g.input(layerNames.hidden, "float32", [1, "tokens", hiddenSize]);
  const context = contextOf(g, config, contextLength);
  const [first, second] = layerNorms.map((name) => g.input(name, "float32", [hiddenSize])) as [Value, Value];
  const product = (matrix: LayerMatrix, x: Columns): Value => {
    const bytes = g.input(bytesOf(matrix), "uint8", [matrix.rows, matrix.columns]);
    return integerColumns(g, bytes, g.input(stepsOf(matrix), "float32", [matrix.rows, 1]), x);
  };

  const normed = columnsOfPositions(g, rmsNorm(context, first, hidden));
  const mixed = selfAttention(context, 0, positionsOf(g, product(matrices.mixed, normed)));
  const output = product(matrices.output, columnsOfPositions(g, mixed));
  const attended = add(g, hidden, positionsOf(g, output));

  const wide = columnsOfPositions(g, rmsNorm(context, second, attended));
  const gated = mul(g, activate(g, config, product(matrices.gate, wide)), product(matrices.up, wide));
  const result = add(g, attended, positionsOf(g, product(matrices.down, inColumns(g, gated))));
  g.output(layerNames.result, result);
}

/** Columns in eight bits, one for each position. */
interface Columns {
  /** int8 [K, T] */
  readonly bytes: Value;
  /** float32 [T]: a value is its byte times its column's step. */
  readonly steps: Value;
}

/** Largest byte of an activation. */
const top = 127;
/** Of positions that are zero: a step of zero would make them not a number. */
const smallestStep = 1e-12;

/** W·x: [N, K] · [K, T] → [N, T] */
function integerColumns(g: Graph, weights: Value, rowSteps: Value, { bytes, steps }: Columns): Value {
  const middle = g.constant("middle", "uint8", [], Uint8Array.of(middleByte));
  const product = g.node(
    "MatMulIntegerToFloat",
    [weights, bytes, g.scalar(1), steps, middle],
    [at(weights.dims, 0), at(bytes.dims, 1)],
    { domain: "com.microsoft", type: "float32" },
  );
  return mul(g, product, rowSteps);
}

/** [1, T, K] in eight bits, as columns. */
function columnsOfPositions(g: Graph, x: Value): Columns {
  const rows = reshape(g, x, ["tokens", size(at(x.dims, 2))]);
  const { bytes, steps } = inBytes(g, rows, 1, ["tokens", 1]);
  return { bytes: transpose(g, bytes, [1, 0]), steps };
}

/** [K, T] in eight bits. */
const inColumns = (g: Graph, x: Value): Columns => inBytes(g, x, 0, [1, "tokens"]);

function inBytes(g: Graph, x: Value, axis: 0 | 1, dims: Value["dims"]): Columns {
  const extreme = (op: "ReduceMax" | "ReduceMin"): Value => g.node(op, [x, g.ints([axis])], dims);
  const high = mul(g, extreme("ReduceMax"), g.scalar(1 / top));
  const low = mul(g, extreme("ReduceMin"), g.scalar(-1 / top));
  const steps = g.node("Max", [high, low, g.scalar(smallestStep)], dims);
  const zero = g.constant("zero", "int8", [], Uint8Array.of(0));
  const bytes = g.node("QuantizeLinear", [div(g, x, steps), g.scalar(1), zero], x.dims, { type: "int8" });
  return { bytes, steps: reshape(g, steps, ["tokens"]) };
}

/** Columns [D, T] → positions [1, T, D] */
const positionsOf = (g: Graph, x: Value): Value =>
  reshape(g, transpose(g, x, [1, 0]), [1, "tokens", size(at(x.dims, 0))]);

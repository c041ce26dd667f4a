/** The layers whose published tensors are named alike everywhere: a weight, perhaps a bias. */
import type { StoredTensor } from "../weights/tensor";
import type { Weights } from "../weights/weights";
import type { Graph, Value } from "./graph";
import { add, at, mul, reshape, sigmoid } from "./ops";

/** How the weights of linear layers are kept. */
export type LinearFormat =
  | { readonly kind: "float32" }
  | { readonly kind: "blocks"; readonly bits: 4 | 8; readonly blockSize: 32 | 64 | 128; readonly symmetric: boolean }
  /** One scale a row, for products of integers: many times as fast over many positions, on the CPU only. */
  | { readonly kind: "int8" };

/**
 * x·Wᵀ for weights [N_i, K] as torch.nn.Linear stores them, joined by rows: [.., K] → [.., ΣN_i].
 *
 * Block formats use com.microsoft.MatMulNBits with activations in int8 (accuracy_level 4).
 */
export function projection(g: Graph, format: LinearFormat, weights: readonly StoredTensor[], x: Value): Value {
  const [first] = weights;
  const inputs = first?.dims[1];
  if (first === undefined || inputs === undefined) throw new RangeError("a projection needs a matrix");
  const rows = weights.reduce((n, { dims }) => n + (dims[0] ?? 0), 0);
  const name = weights.map((weight) => weight.name).join("+");
  const dims = [...x.dims.slice(0, -1), rows];
  if (format.kind === "float32") {
    const matrix =
      weights.length === 1
        ? g.weight(first)
        : g.converted(weights, { kind: "float32" }, [{ name, type: "float32", dims: [rows, inputs] }])[0];
    return g.node("FusedMatMul", [x, matrix], dims, { domain: "com.microsoft", attributes: { transB: 1 } });
  }
  if (format.kind === "int8") {
    const codes = { name: `${name}.codes`, type: "int8", dims: [inputs, rows] } as const;
    const scales = { name: `${name}.scales`, type: "float32", dims: [rows] } as const;
    const [weight, scale] = g.converted(weights, format, [codes, scales]);
    if (weight === undefined || scale === undefined) throw new TypeError(`no outputs for ${name}`);
    return reshape(g, integerProduct(g, x, weight, scale), dims);
  }
  const { bits, blockSize, symmetric } = format;
  const blocks = Math.ceil(inputs / blockSize);
  const codes = { name: `${name}.codes`, type: "uint8", dims: [rows, blocks, (blockSize * bits) / 8] } as const;
  const scales = { name: `${name}.scales`, type: "float32", dims: [rows, blocks] } as const;
  const zeros = { name: `${name}.zeros`, type: "uint8", dims: [rows, Math.ceil((blocks * bits) / 8)] } as const;
  const quantised = g.converted(weights, format, symmetric ? [codes, scales] : [codes, scales, zeros]);
  return g.node("MatMulNBits", [x, ...quantised], dims, {
    domain: "com.microsoft",
    attributes: { K: inputs, N: rows, bits, block_size: blockSize, accuracy_level: 4 },
  });
}

/**
 * Every position of x in eight bits by its own largest value, times int8 codes [K, N]: [.., K] → [positions, N].
 *
 * A scale for each position, not one for all: single positions of CLIP are many times as large as the others.
 */
function integerProduct(g: Graph, x: Value, codes: Value, scales: Value): Value {
  const inputs = at(codes.dims, 0);
  const positions = x.dims.slice(0, -1).reduce<number>((n, size) => n * Number(size), 1);
  const flat = reshape(g, x, [positions, inputs]);
  const extreme = (op: "ReduceMax" | "ReduceMin"): Value =>
    g.node(op, [flat, g.ints([1])], [positions, 1], { attributes: { keepdims: 1 } });
  const [high, low] = [
    mul(g, extreme("ReduceMax"), g.scalar(1 / 127)),
    mul(g, extreme("ReduceMin"), g.scalar(-1 / 127)),
  ];
  const step = g.node("Max", [high, low, g.scalar(smallestStep)], [positions, 1]);
  const middles = new Uint8Array(positions).fill(128);
  const bytes = g.node(
    "QuantizeLinear",
    [flat, reshape(g, step, [positions]), g.constant(`middles[${positions}]`, "uint8", [positions], middles)],
    flat.dims,
    { attributes: { axis: 0 }, type: "uint8" },
  );
  const middle = g.constant("middle", "uint8", [], Uint8Array.of(128));
  const product = g.node(
    "MatMulIntegerToFloat",
    [bytes, codes, g.scalar(1), scales, middle],
    [positions, at(codes.dims, 1)],
    { domain: "com.microsoft", type: "float32" },
  );
  return mul(g, product, step);
}

/** Of positions that are zero: a step of zero would make them not a number. */
const smallestStep = 1e-12;

/** torch.nn.Linear: weight [to, from], bias [to]; [.., from] → [.., to]. */
export function linear(g: Graph, format: LinearFormat, w: Weights, x: Value, from: number, to: number): Value {
  const product = projection(g, format, [w.tensor("weight", [to, from])], x);
  return add(g, product, g.weight(w.tensor("bias", [to])));
}

/** torch.nn.LayerNorm over the last axis. */
export function layerNorm(g: Graph, w: Weights, x: Value, width: number, epsilon: number): Value {
  const scale = g.weight(w.tensor("weight", [width]));
  const bias = g.weight(w.tensor("bias", [width]));
  return g.node("LayerNormalization", [x, scale, bias], x.dims, {
    attributes: { axis: -1, epsilon: { float: epsilon } },
  });
}

/** torch.nn.Conv2d with stride, padding (all around, or of top, left, bottom, right) and groups: [B, C, H, W] → [B, out, H', W']. */
export function convolution(
  g: Graph,
  w: Weights,
  x: Value,
  shape: { readonly from: number; readonly to: number; readonly kernel: number },
  options: {
    readonly stride?: number;
    readonly padding?: number | readonly [top: number, left: number, bottom: number, right: number];
    readonly groups?: number;
    readonly bias?: boolean;
  } = {},
): Value {
  const { from, to, kernel } = shape;
  const { stride = 1, padding = 0, groups = 1, bias = true } = options;
  const pads: readonly number[] = typeof padding === "number" ? [padding, padding, padding, padding] : padding;
  const extent = (axis: 2 | 3): number => {
    const length = at(x.dims, axis);
    if (typeof length === "string") throw new RangeError("a convolution needs known sizes");
    const padded = length + (pads[axis - 2] ?? 0) + (pads[axis] ?? 0);
    return Math.floor((padded - kernel) / stride) + 1;
  };
  const inputs = [x, g.weight(w.tensor("weight", [to, from / groups, kernel, kernel]))];
  if (bias) inputs.push(g.weight(w.tensor("bias", [to])));
  return g.node("Conv", inputs, [at(x.dims, 0), to, extent(2), extent(3)], {
    attributes: {
      kernel_shape: [kernel, kernel],
      strides: [stride, stride],
      pads,
      group: groups,
    },
  });
}

/** Multi-head attention without mask over [B, N, width] queries, keys and values; scale 1/√(width / heads). */
export function attention(g: Graph, query: Value, key: Value, value: Value, heads: number): Value {
  return g.node("MultiHeadAttention", [query, key, value], query.dims, {
    domain: "com.microsoft",
    attributes: { num_heads: heads },
  });
}

/** x·Φ(x) with the exact error function, torch.nn.GELU(). */
export const gelu = (g: Graph, x: Value): Value => g.node("Gelu", [x], x.dims, { domain: "com.microsoft" });

/** The tanh approximation of GELU, torch.nn.GELU("tanh"). */
export const geluTanh = (g: Graph, x: Value): Value => g.node("FastGelu", [x], x.dims, { domain: "com.microsoft" });

/** x·σ(1.702 x), CLIP's quick_gelu. */
export const quickGelu = (g: Graph, x: Value): Value =>
  g.node("QuickGelu", [x], x.dims, { domain: "com.microsoft", attributes: { alpha: { float: 1.702 } } });

/** x·σ(x). */
export const silu = (g: Graph, x: Value): Value => mul(g, x, sigmoid(g, x));

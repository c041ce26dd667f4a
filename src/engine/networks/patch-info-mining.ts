/**
 * Patch info mining: each low-resolution visual token asks the high-resolution patch beneath it for detail.
 *
 * Paper: "Mini-Gemini: Mining the Potential of Multi-modality Vision Language Models", section 3.2, equation 1:
 *   T_V = MLP(Q + Softmax(φ(Q) × φ(K)ᵀ) × φ(V))
 * Reference: dvlab-research/MGM, mgm/model/mgm_arch.py, `encode_images` and `unified_resampler`.
 *
 *   X_L [N, C] → q;  window of p² cells of X_H under each token → k, v;  TV = softmax(q·kᵀ/√C)·v  [N, C]
 *
 * As published, keys and values are projected on every cell of the upsampled, joined map X_H. The same numbers come
 * without that map, from each stage's own grid (see `stage-windows.ts` for the grids):
 *   - keys: q·(W_k·LN(x) + b_k) = ((q·W_k) ∘ γ_k)·x̂ + a constant of the window, which softmax ignores;
 *   - values: a weighted mean of W_v·LN(x) + b_v is W_v applied once to the weighted mean of LN(x), plus b_v;
 *   - x̂ = (x − μ)/σ, and x is linear in the stages: dot products, means and squared norms are taken on the stages'
 *     cells and only these scalars are upsampled.
 */
import type { Graph, Value } from "../graph/graph";
import { layerNorm, linear } from "../graph/layers";
import {
  add,
  concat,
  div,
  matmul,
  mul,
  reciprocal,
  reshape,
  slice,
  softmax,
  sqrt,
  sub,
  sumLast,
  unsqueeze,
} from "../graph/ops";
import type { Weights } from "../weights/weights";
import { type StageWindows, stageWindows, type WindowGrid } from "./stage-windows";

export interface MiningWidths {
  /** Channels C of a low-resolution token (`mm_hidden_size`). */
  readonly low: number;
  /** Channels C' of a high-resolution cell (`mm_hidden_size_aux`). */
  readonly high: number;
}

export interface Mined {
  /** φ(Q) [N, C]. */
  readonly query: Value;
  /** The mined detail TV [N, C], before the residual. */
  readonly detail: Value;
}

const epsilon = 1e-5;
const exact = { kind: "float32" } as const;

/**
 * @param w at the module that holds `vlm_uni_*_projector`.
 * @param low X_L [N, C], one token a window of the grid, row by row.
 * @param stages the channels-last stage maps [1, H_s, W_s, C_s], finest first.
 */
export function patchInfoMining(
  g: Graph,
  w: Weights,
  low: Value,
  stages: readonly Value[],
  grid: WindowGrid,
  widths: MiningWidths,
): Mined {
  const { low: width, high } = widths;
  const project = (name: string): Weights => w.at(`vlm_uni_${name}_projector`);
  const tokens = grid.windows ** 2;

  const queryModule = project("query");
  const query = linear(g, exact, queryModule.at(1), layerNorm(g, queryModule.at(0), low, width, epsilon), width, width);

  // u = (q·W_k) ∘ γ_k: a query for x̂ itself. b_k and β_k shift all cells of a window alike and drop out.
  const keyModule = project("aux");
  const keyMatrix = g.weight(keyModule.at(1).tensor("weight", [width, high]));
  keyModule.at(1).tensor("bias", [width]);
  keyModule.at(0).tensor("bias", [high]);
  const u = mul(g, matmul(g, query, keyMatrix), g.weight(keyModule.at(0).tensor("weight", [high])));

  const windows = stageWindows(g, stages, grid);
  const { dot, sum, squares } = moments(g, u, windows);
  const mean = mul(g, sum, g.scalar(1 / high));
  const variance = sub(g, mul(g, squares, g.scalar(1 / high)), mul(g, mean, mean));
  const positive = g.node("Max", [variance, g.scalar(0)], variance.dims);
  const inverse = reciprocal(g, sqrt(g, add(g, positive, g.scalar(epsilon))));

  const centred = sub(g, dot, mul(g, mean, unsqueeze(g, sumLast(g, u), 1)));
  const scores = mul(g, mul(g, centred, inverse), g.scalar(width ** -0.5));
  const weightOfCell = mul(g, softmax(g, scores), inverse);

  const normed = weightedMean(g, weightOfCell, mean, windows, tokens);
  const valueModule = project("val");
  const scaled = add(
    g,
    mul(g, normed, g.weight(valueModule.at(0).tensor("weight", [high]))),
    g.weight(valueModule.at(0).tensor("bias", [high])),
  );
  return { query, detail: linear(g, exact, valueModule.at(1), scaled, high, width) };
}

/** Over the channels of every upsampled cell: u·x, Σx and Σx², each [N, p²]. */
function moments(g: Graph, u: Value, windows: readonly StageWindows[]): { dot: Value; sum: Value; squares: Value } {
  const total = (parts: readonly Value[]): Value => parts.reduce((a, b) => add(g, a, b));
  let offset = 0;
  const parts = windows.map(({ cells, channels, upsample }) => {
    const own = unsqueeze(g, slice(g, u, 1, offset, offset + channels), 2);
    offset += channels;
    const [tokens = 0, count = 0] = cells.dims;
    const dot = reshape(g, matmul(g, cells, own), [tokens, count]);
    const sum = sumLast(g, cells);
    if (upsample === undefined) return { dot, sum, squares: sumLast(g, cells, "ReduceSumSquare") };
    // |Σ aᵢ xᵢ|² = aᵀ·(x·xᵀ)·a for the interpolation weights a of each upsampled cell.
    const { matrix, transposed } = upsample;
    const products = g.node("FusedMatMul", [cells, cells], [tokens, count, count], {
      domain: "com.microsoft",
      attributes: { transB: 1 },
    });
    const squares = sumLast(g, mul(g, matmul(g, matrix, products), matrix));
    return { dot: matmul(g, dot, transposed), sum: matmul(g, sum, transposed), squares };
  });
  return {
    dot: total(parts.map(({ dot }) => dot)),
    sum: total(parts.map(({ sum }) => sum)),
    squares: total(parts.map(({ squares }) => squares)),
  };
}

/** Σ wᵢ (xᵢ − μᵢ) over the cells of each window, for weights w = a/σ: the attended LN(x) before γ and β. [N, C'] */
function weightedMean(
  g: Graph,
  weightOfCell: Value,
  mean: Value,
  windows: readonly StageWindows[],
  tokens: number,
): Value {
  const parts = windows.map(({ cells, channels, upsample }) => {
    const own = upsample === undefined ? weightOfCell : matmul(g, weightOfCell, upsample.matrix);
    return reshape(g, matmul(g, unsqueeze(g, own, 1), cells), [tokens, channels]);
  });
  return sub(g, concat(g, parts, 1), unsqueeze(g, sumLast(g, mul(g, weightOfCell, mean)), 1));
}

/**
 * The same by the paper's equation, on the whole map: for checking, and for showing k and v.
 *
 * @param map X_H [1, C', H, W], all cells of all windows.
 */
export function plainPatchInfoMining(
  g: Graph,
  w: Weights,
  low: Value,
  map: Value,
  grid: { readonly windows: number; readonly cells: number },
  widths: MiningWidths,
): Mined & { readonly key: Value; readonly value: Value } {
  const { windows: n, cells: p } = grid;
  const { low: width, high } = widths;
  const split = reshape(g, map, [high, n, p, n, p]);
  const ordered = g.node("Transpose", [split], [n, n, p, p, high], { attributes: { perm: [1, 3, 2, 4, 0] } });
  const cells = reshape(g, ordered, [n * n, p * p, high]);
  const project = (name: string, x: Value, from: number): Value => {
    const module = w.at(`vlm_uni_${name}_projector`);
    return linear(g, exact, module.at(1), layerNorm(g, module.at(0), x, from, epsilon), from, width);
  };
  const query = project("query", low, width);
  const key = project("aux", cells, high);
  const value = project("val", cells, high);
  const products = matmul(
    g,
    unsqueeze(g, query, 1),
    g.node("Transpose", [key], [n * n, width, p * p], { attributes: { perm: [0, 2, 1] } }),
  );
  const scores = div(g, products, g.scalar(Math.sqrt(width)));
  const detail = reshape(g, matmul(g, softmax(g, scores), value), [n * n, width]);
  return { query, detail, key, value };
}

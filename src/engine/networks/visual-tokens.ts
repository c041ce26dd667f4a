/**
 * From both encoders' features to visual tokens: mining for each view of the image, the residual, the projector.
 *
 * Reference: dvlab-research/MGM, mgm/model/mgm_arch.py, `encode_images`. In HD models (`image_grid` g > 1) the
 * low-resolution encoder sees g² tiles, then (`image_global`) the whole image; each tile mines its own part of X_H, the
 * whole image mines X_H shrunk by g. Tokens come whole image first, then the tiles row by row.
 *
 *   X_L [views, n², C], stage maps of the HR image → visual tokens [views·n², D]
 */
import type { Graph, Value } from "../graph/graph";
import type { LinearFormat } from "../graph/layers";
import { add, concat, reshape, slice, transpose } from "../graph/ops";
import type { Weights } from "../weights/weights";
import { joinStages } from "./convnext";
import { type MiningWidths, patchInfoMining, plainPatchInfoMining } from "./patch-info-mining";
import { projector } from "./projector";
import { hasWholeCells, type WindowGrid } from "./stage-windows";

export interface VisualTokensConfig {
  /** Tokens n along one side of a view. */
  readonly tokensPerSide: number;
  /** `image_grid`. */
  readonly grid: number;
  /** `image_global`. */
  readonly global: boolean;
  readonly widths: MiningWidths;
  /** Width D of the language model. */
  readonly languageWidth: number;
}

/** What is mined in one go: the whole image, or all tiles together. */
interface View {
  readonly low: Value;
  readonly windows: WindowGrid;
  /** Tiles along one side, whose tokens must be brought into the order of the map and back. */
  readonly tiles: number;
}

/** Views that the low-resolution encoder sees of one image. */
export const viewsOf = ({ grid, global }: Pick<VisualTokensConfig, "grid" | "global">): number =>
  grid ** 2 + (grid > 1 && global ? 1 : 0);

/**
 * @param w at `model`.
 * @param intermediates also gives the reference's intermediate values as outputs, k and v by the plain form.
 */
export function visualTokens(
  g: Graph,
  w: Weights,
  config: VisualTokensConfig,
  low: Value,
  stages: readonly Value[],
  options: { readonly format: LinearFormat; readonly intermediates: boolean },
): void {
  const { tokensPerSide: n, widths, languageWidth } = config;
  const finest = Number(stages[0]?.dims[1]);
  const outputs = viewsToMine(g, config, low, finest).map((view, index, views) => {
    const name = (base: string): string => (views.length > 1 ? `${base}.${index}` : base);
    const mined = mineView(g, w, config, view, stages, options.intermediates ? name : undefined);
    return add(g, fromMapOrder(g, view, n, view.low), mined);
  });
  const features = outputs.length > 1 ? concat(g, outputs, 0) : outputs[0];
  if (features === undefined) throw new RangeError("no view to mine");
  if (options.intermediates) g.output("projector_in", features);
  const projected = projector(g, options.format, w.at("mm_projector"), features, widths.low, languageWidth);
  g.output("visual_tokens", projected);
}

function viewsToMine(g: Graph, config: VisualTokensConfig, low: Value, finest: number): View[] {
  const { tokensPerSide: n, grid, global, widths } = config;
  const cells = finest / (n * grid);
  const view = (index: number): Value => reshape(g, slice(g, low, 0, index, index + 1), [n * n, widths.low]);
  if (grid === 1) return [{ low: view(0), windows: { windows: n, cells, shrink: 1 }, tiles: 1 }];
  const tiles = slice(g, low, 0, 0, grid ** 2);
  const ordered = transpose(g, reshape(g, tiles, [grid, grid, n, n, widths.low]), [0, 2, 1, 3, 4]);
  const local: View = {
    low: reshape(g, ordered, [(grid * n) ** 2, widths.low]),
    windows: { windows: grid * n, cells, shrink: 1 },
    tiles: grid,
  };
  if (!global) return [local];
  return [{ low: view(grid ** 2), windows: { windows: n, cells, shrink: grid }, tiles: 1 }, local];
}

/** TV [N, C] of a view, its tokens in the order of the language model. */
function mineView(
  g: Graph,
  w: Weights,
  { tokensPerSide: n, widths }: VisualTokensConfig,
  view: View,
  stages: readonly Value[],
  nameOf: ((base: string) => string) | undefined,
): Value {
  const { windows } = view;
  const sides = stages.map((stage) => Number(stage.dims[1]));
  const plain = (): ReturnType<typeof plainPatchInfoMining> =>
    plainPatchInfoMining(g, w, view.low, shrunkMap(g, stages, windows), windows, widths);
  const whole = hasWholeCells(sides, windows.windows);
  const shown = nameOf === undefined ? undefined : plain();
  const mined = whole ? patchInfoMining(g, w, view.low, stages, windows, widths) : plain();
  const detail = fromMapOrder(g, view, n, mined.detail);
  if (nameOf !== undefined && shown !== undefined) {
    g.output(nameOf("q"), fromMapOrder(g, view, n, mined.query));
    g.output(nameOf("k"), fromMapOrder(g, view, n, shown.key));
    g.output(nameOf("v"), fromMapOrder(g, view, n, shown.value));
    g.output(nameOf("tv"), detail);
  }
  return detail;
}

/** X_H as a view sees it. */
function shrunkMap(g: Graph, stages: readonly Value[], { shrink }: WindowGrid): Value {
  const map = joinStages(g, stages);
  if (shrink === 1) return map;
  const dims = map.dims.map((dim, axis) => (axis < 2 ? Number(dim) : Number(dim) / shrink));
  return g.node("Resize", [map, undefined, undefined, g.ints(dims)], dims, {
    attributes: { mode: "linear", coordinate_transformation_mode: "half_pixel" },
  });
}

/** Tokens [N, …] from the order of the map's windows to tile after tile. */
function fromMapOrder(g: Graph, { tiles }: View, n: number, tokens: Value): Value {
  if (tiles === 1) return tokens;
  const rest = tokens.dims.slice(1).map(Number);
  const split = reshape(g, tokens, [tiles, n, tiles, n, ...rest]);
  const perm = [0, 2, 1, 3, ...rest.map((_, axis) => axis + 4)];
  return reshape(g, transpose(g, split, perm), [(tiles * n) ** 2, ...rest]);
}

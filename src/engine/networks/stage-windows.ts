/**
 * The cells of each ConvNeXt stage that lie under each visual token, and how they interpolate to the token's p² cells.
 *
 * X_H is every stage brought to the first stage's size by bilinear interpolation (align_corners=False), cut into
 * windows of p × p cells; the global view of an HD model shrinks it first, bilinearly too. Both steps are linear and
 * separable, and alike for every window: one matrix a stage and axis, [p, cells of the stage under a window], with a
 * halo of one cell where neighbours count. Beyond the border, interpolation clamps, so border cells are repeated.
 */
import type { Graph, Value } from "../graph/graph";
import { gather, reshape, transpose } from "../graph/ops";

export interface WindowGrid {
  /** Windows along one side of the map: the tokens of a row. */
  readonly windows: number;
  /** Cells p along one side of a window, after shrinking. */
  readonly cells: number;
  /** How much the map is shrunk before it is cut: 1, or `image_grid` for the global view. */
  readonly shrink: number;
}

export interface StageWindows {
  /** [N, k², C_s], the stage's cells under each window, halo included. */
  readonly cells: Value;
  readonly channels: number;
  /** Interpolation to the p² cells, [p², k²] and its transpose; absent where the cells are already those. */
  readonly upsample: { readonly matrix: Value; readonly transposed: Value } | undefined;
}

/** Whether windows of this grid hold whole cells of every stage; where not, only the plain form works. */
export function hasWholeCells(sides: readonly number[], windows: number): boolean {
  return sides.every((side) => side % windows === 0);
}

export function stageWindows(g: Graph, stages: readonly Value[], grid: WindowGrid): readonly StageWindows[] {
  const finest = Number(stages[0]?.dims[1]);
  return stages.map((stage) => {
    const [, side = 0, , channels = 0] = stage.dims.map(Number);
    const axis = axisInterpolation(finest, side, grid);
    const cells = cutWindows(g, stage, grid.windows, axis);
    if (axis.identity) return { cells, channels, upsample: undefined };
    const { rows, columns, values } = kroneckerSquare(axis.matrix);
    const name = `interpolation ${finest}/${side} shrunk ${grid.shrink} in ${grid.windows}`;
    const matrix = g.table(name, [rows, columns], values);
    const transposed = g.table(`${name}, transposed`, [columns, rows], transposeTable(values, rows, columns));
    return { cells, channels, upsample: { matrix, transposed } };
  });
}

interface AxisInterpolation {
  /** [p][k]: weight of each stage cell of the window for each cell of the token. */
  readonly matrix: readonly (readonly number[])[];
  readonly halo: number;
  /** Stage cells under a window without the halo. */
  readonly inner: number;
  readonly identity: boolean;
}

/** One axis: from the stage's grid up to the finest, then down by `shrink`, as torch's bilinear interpolation does. */
function axisInterpolation(finest: number, side: number, { windows, cells, shrink }: WindowGrid): AxisInterpolation {
  const inner = side / windows;
  if (!Number.isInteger(inner) || finest !== windows * cells * shrink) {
    throw new RangeError(`${windows} windows do not divide a stage of ${side} cells`);
  }
  // All windows are alike: take one far from the borders of a grid that repeats without end.
  const first = 4 * cells;
  const halo = side === finest ? 0 : 1;
  const matrix = Array.from({ length: cells }, (_, cell) => {
    const row = new Array<number>(inner + 2 * halo).fill(0);
    for (const [fine, shrunkWeight] of interpolate(first + cell, shrink)) {
      for (const [coarse, weight] of interpolate(fine, side / finest)) {
        const index = coarse - 4 * inner + halo;
        if (weight !== 0) row[index] = (row[index] ?? 0) + shrunkWeight * weight;
      }
    }
    return row;
  });
  return { matrix, halo, inner, identity: side === finest && shrink === 1 };
}

/** The two source cells of one target cell and their weights, for sources `scale` times as many as targets. */
function interpolate(target: number, scale: number): readonly (readonly [cell: number, weight: number])[] {
  const position = (target + 0.5) * scale - 0.5;
  const cell = Math.floor(position);
  const weight = position - cell;
  return [
    [cell, 1 - weight],
    [cell + 1, weight],
  ];
}

/** [1, H, W, C] → [windows², k², C], windows row by row, cells row by row. */
function cutWindows(g: Graph, stage: Value, windows: number, { halo, inner }: AxisInterpolation): Value {
  const [, side = 0, , channels = 0] = stage.dims.map(Number);
  const extent = inner + 2 * halo;
  let map = stage;
  if (halo > 0) {
    const rows = Array.from({ length: windows }, (_, window) =>
      Array.from({ length: extent }, (_, k) => Math.min(Math.max(window * inner + k - halo, 0), side - 1)),
    ).flat();
    map = gather(g, gather(g, map, g.ints(rows), 1), g.ints(rows), 2);
  }
  const split = reshape(g, map, [windows, extent, windows, extent, channels]);
  return reshape(g, transpose(g, split, [0, 2, 1, 3, 4]), [windows ** 2, extent ** 2, channels]);
}

/** The matrix of both axes together, rows and columns of the square taken row by row. */
function kroneckerSquare(axis: readonly (readonly number[])[]): {
  rows: number;
  columns: number;
  values: Float32Array;
} {
  const width = axis[0]?.length ?? 0;
  const rows = axis.length ** 2;
  const columns = width ** 2;
  const entries = axis.flatMap((a) => axis.flatMap((b) => a.flatMap((x) => b.map((y) => x * y))));
  return { rows, columns, values: Float32Array.from(entries) };
}

function transposeTable(values: Float32Array, rows: number, columns: number): Float32Array {
  return Float32Array.from(values, (_, index) => values[(index % rows) * columns + Math.floor(index / rows)] ?? 0);
}

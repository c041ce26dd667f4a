/** From a map of text probability to rectangles around lines of text: the post-processing of DBNet (Liao et al., 2020). */
import { boundsAlong, minimumAreaRectangle, type Point, type RotatedRectangle } from "./geometry";

/** Probability in steps of 1/255, row by row. */
export interface ProbabilityMap {
  readonly width: number;
  readonly height: number;
  readonly values: Uint8Array;
}

export interface RegionOptions {
  /** A pixel at least this probable is text; 0 to 1. */
  readonly pixelThreshold: number;
  /** A region whose mean probability is below this is dropped; 0 to 1. */
  readonly regionThreshold: number;
  /** The network marks text shrunk by this factor's inverse: a region grows by area × ratio / perimeter on each side. */
  readonly growRatio: number;
  /** The most probable regions are kept beyond this count. */
  readonly maxRegions: number;
}

export interface TextRegion {
  /** In pixels of the map; may stand out over its edge. */
  readonly rectangle: RotatedRectangle;
  /** Mean probability, 0 to 1. */
  readonly probability: number;
}

interface Component {
  readonly points: Point[];
  sum: number;
  count: number;
}

/** Regions of text; in no order. */
export function findTextRegions(map: ProbabilityMap, options: RegionOptions): TextRegion[] {
  const regions: TextRegion[] = [];
  for (const { points, sum, count } of components(map, Math.ceil(options.pixelThreshold * 255))) {
    const probability = sum / count / 255;
    if (probability < options.regionThreshold) continue;
    const tight = straighten(minimumAreaRectangle(points), points);
    if (Math.min(tight.width, tight.height) < 2) continue;
    const grow = (tight.width * tight.height * options.growRatio) / (2 * (tight.width + tight.height));
    const rectangle = { ...tight, width: tight.width + 2 * grow, height: tight.height + 2 * grow };
    regions.push({ rectangle, probability });
  }
  if (regions.length <= options.maxRegions) return regions;
  return regions.sort((a, b) => b.probability - a.probability).slice(0, options.maxRegions);
}

/** Rendered text is nearly always upright, and the smallest rectangle around a ragged region tilts by chance. */
function straighten(rectangle: RotatedRectangle, points: readonly Point[]): RotatedRectangle {
  const long = Math.max(rectangle.width, rectangle.height);
  const short = Math.min(rectangle.width, rectangle.height);
  return Math.abs(Math.sin(rectangle.angle)) * long < 0.5 * short ? boundsAlong(points, 0) : rectangle;
}

/** Connected components (8 neighbours) of the pixels at or above a threshold, by runs of a row and union-find. */
function components(map: ProbabilityMap, threshold: number): Component[] {
  const { width, height, values } = map;
  const parents: number[] = [];
  const runs: { row: number; from: number; to: number; sum: number }[] = [];
  const root = (start: number) => {
    let node = start;
    for (let parent = parents[node] ?? node; parent !== node; parent = parents[node] ?? node) {
      parents[node] = parents[parent] ?? parent;
      node = parent;
    }
    return node;
  };

  let previous = 0;
  let current = 0;
  for (let row = 0; row < height; row++) {
    previous = current;
    current = runs.length;
    let above = previous;
    const base = row * width;
    for (let x = 0; x < width; x++) {
      if ((values[base + x] ?? 0) < threshold) continue;
      const from = x;
      let sum = 0;
      for (; x < width; x++) {
        const value = values[base + x] ?? 0;
        if (value < threshold) break;
        sum += value;
      }
      const index = runs.length;
      runs.push({ row, from, to: x, sum });
      parents.push(index);
      while (above < current && (runs[above]?.to ?? 0) < from) above++;
      for (let other = above; other < current && (runs[other]?.from ?? Infinity) <= x; other++) {
        parents[root(other)] = root(index);
      }
    }
  }

  const found = new Map<number, Component>();
  runs.forEach(({ row, from, to, sum }, index) => {
    const key = root(index);
    let component = found.get(key);
    if (component === undefined) found.set(key, (component = { points: [], sum: 0, count: 0 }));
    // The corners of the run's pixels, so that one pixel has an area.
    component.points.push({ x: from, y: row }, { x: to, y: row }, { x: from, y: row + 1 }, { x: to, y: row + 1 });
    component.sum += sum;
    component.count += to - from;
  });
  return [...found.values()];
}

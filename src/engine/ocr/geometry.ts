/** Rectangles at any angle, found around sets of points. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A rectangle whose `width` runs along (cos angle, sin angle); y points down, so positive angles turn clockwise. */
export interface RotatedRectangle {
  readonly centreX: number;
  readonly centreY: number;
  readonly width: number;
  readonly height: number;
  /** Radians. */
  readonly angle: number;
}

/** Convex hull in order around it, without repeated or collinear points (Andrew's monotone chain). */
export function convexHull(points: readonly Point[]): Point[] {
  const sorted = [...points].sort((a, b) => a.x - b.x || a.y - b.y);
  const half = (ordered: readonly Point[]) => {
    const chain: Point[] = [];
    for (const point of ordered) {
      for (;;) {
        const last = chain.at(-1);
        const before = chain.at(-2);
        if (last === undefined || before === undefined || turn(before, last, point) > 0) break;
        chain.pop();
      }
      chain.push(point);
    }
    return chain;
  };
  const lower = half(sorted);
  const upper = half(sorted.reverse());
  return lower.length < 2 ? lower : [...lower.slice(0, -1), ...upper.slice(0, -1)];
}

/**
 * The smallest rectangle around the points, with its angle in [-45°, 45°). One of its sides lies along a side of the
 * hull (rotating calipers; every side is tried, since hulls of text regions are small).
 */
export function minimumAreaRectangle(points: readonly Point[]): RotatedRectangle {
  const hull = convexHull(points);
  let best = boundsAlong(hull, 0);
  hull.forEach((from, index) => {
    const to = hull[(index + 1) % hull.length] ?? from;
    const angle = Math.atan2(to.y - from.y, to.x - from.x);
    const candidate = boundsAlong(hull, quarterTurn(angle));
    if (candidate.width * candidate.height < best.width * best.height - 1e-6) best = candidate;
  });
  return best;
}

/** Bounds of the points in axes turned by `angle`. */
export function boundsAlong(points: readonly Point[], angle: number): RotatedRectangle {
  const cos = Math.cos(angle);
  const sin = Math.sin(angle);
  let minU = Infinity;
  let maxU = -Infinity;
  let minV = Infinity;
  let maxV = -Infinity;
  for (const { x, y } of points) {
    const u = x * cos + y * sin;
    const v = y * cos - x * sin;
    minU = Math.min(minU, u);
    maxU = Math.max(maxU, u);
    minV = Math.min(minV, v);
    maxV = Math.max(maxV, v);
  }
  const u = (minU + maxU) / 2;
  const v = (minV + maxV) / 2;
  return {
    centreX: u * cos - v * sin,
    centreY: u * sin + v * cos,
    width: maxU - minU,
    height: maxV - minV,
    angle,
  };
}

/** Corners clockwise from the one at the start of `width` and `height`. */
export function corners(rectangle: RotatedRectangle): readonly [Point, Point, Point, Point] {
  const { centreX, centreY, width, height, angle } = rectangle;
  const cos = Math.cos(angle);
  const sin = Math.sin(angle);
  const at = (u: number, v: number): Point => ({ x: centreX + u * cos - v * sin, y: centreY + u * sin + v * cos });
  const u = width / 2;
  const v = height / 2;
  return [at(-u, -v), at(u, -v), at(u, v), at(-u, v)];
}

/** The same direction of sides as an angle in [-45°, 45°). */
function quarterTurn(angle: number): number {
  return angle - (Math.PI / 2) * Math.floor((angle + Math.PI / 4) / (Math.PI / 2));
}

function turn(a: Point, b: Point, c: Point): number {
  return (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
}

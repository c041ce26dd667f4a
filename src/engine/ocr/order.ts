/** Puts what was read into reading order: columns by recursive cuts along white space, then rows, left to right. */
import type { OcrLine } from "../../shared/protocol";
import { boundsAlong, corners, type Point, type RotatedRectangle } from "./geometry";

/** One detected rectangle and its text. */
export interface Piece {
  readonly rectangle: RotatedRectangle;
  readonly text: string;
  readonly confidence: number;
}

/** Pieces side by side on one line, in axes turned to the page's angle. */
interface Line {
  readonly pieces: readonly Piece[];
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Gaps as multiples of the line height: words apart, and columns apart. */
const wordGap = 1.5;
const columnGap = 1;
/** Rows on two sides of a gap that line up make a table where one side is this short on average, else two columns. */
const cellCharacters = 16;
/** Pages nest less deeply; stops on images made to nest without end. */
const maxDepth = 40;

/** Lines in reading order; boxes are held within the image. */
export function inReadingOrder(pieces: readonly Piece[], image: { width: number; height: number }): OcrLine[] {
  const angle = pageAngle(pieces);
  const lines = joinWithin(
    pieces.map((piece) => lineOf(piece, angle)),
    wordGap,
  );
  return readBlocks(lines).map((line) => toOcrLine(line, angle, image));
}

/** The median angle of pieces long enough to tell, weighted by their length. */
function pageAngle(pieces: readonly Piece[]): number {
  const long = pieces
    .map(({ rectangle: { angle, width, height } }) => ({ angle, weight: width > 2 * height ? width : 0 }))
    .sort((a, b) => a.angle - b.angle);
  const half = long.reduce((sum, { weight }) => sum + weight, 0) / 2;
  let sum = 0;
  for (const { angle, weight } of long) {
    sum += weight;
    if (weight > 0 && sum >= half) return angle;
  }
  return 0;
}

function lineOf(piece: Piece, angle: number): Line {
  const points = corners(piece.rectangle);
  const cos = Math.cos(angle);
  const sin = Math.sin(angle);
  const across = points.map(({ x, y }) => x * cos + y * sin);
  const down = points.map(({ x, y }) => y * cos - x * sin);
  return {
    pieces: [piece],
    left: Math.min(...across),
    right: Math.max(...across),
    top: Math.min(...down),
    bottom: Math.max(...down),
  };
}

/** Joins lines of one row whose gap is at most `gap` line heights. Comes back from top to bottom. */
function joinWithin(lines: readonly Line[], gap: number): Line[] {
  return rowsOf(lines).flatMap((row) => {
    const groups: Line[][] = [];
    for (const line of row) {
      const group = groups.at(-1);
      const before = group?.at(-1);
      const near = before !== undefined && line.left - before.right <= gap * Math.min(height(before), height(line));
      if (group !== undefined && near) group.push(line);
      else groups.push([line]);
    }
    return groups.map(joined);
  });
}

function joined(group: readonly Line[]): Line {
  return {
    pieces: group.flatMap(({ pieces }) => pieces),
    left: Math.min(...group.map(({ left }) => left)),
    right: Math.max(...group.map(({ right }) => right)),
    top: Math.min(...group.map(({ top }) => top)),
    bottom: Math.max(...group.map(({ bottom }) => bottom)),
  };
}

/** Groups lines whose middles lie within each other, top to bottom; each row is sorted from left to right. */
function rowsOf(lines: readonly Line[]): Line[][] {
  const rows: Line[][] = [];
  for (const line of [...lines].sort((a, b) => middle(a) - middle(b))) {
    const row = rows.at(-1);
    const first = row?.[0];
    if (row !== undefined && first !== undefined && sameRow(first, line)) row.push(line);
    else rows.push([line]);
  }
  for (const row of rows) row.sort((a, b) => a.left - b.left);
  return rows;
}

function sameRow(a: Line, b: Line): boolean {
  const overlap = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  return overlap > 0.6 * Math.min(height(a), height(b));
}

/** Closer than `sameRow`: rows of independent columns come to lie side by side by chance, but not as exactly. */
function onOneBaseline(a: Line, b: Line): boolean {
  return Math.abs(middle(a) - middle(b)) < 0.15 * Math.min(height(a), height(b));
}

/** Recursive XY-cut (Nagy and Seth, 1984), columns first, that leaves tables whole. */
function readBlocks(lines: readonly Line[], depth = 0): Line[] {
  if (lines.length < 2) return [...lines];
  if (depth === maxDepth) return joinWithin(lines, Infinity);
  const typical = medianHeight(lines);
  const columns: Line[][] = [];
  for (const column of cutAtGaps(lines, "left", "right", columnGap * typical, 0)) {
    const before = columns.at(-1);
    if (before !== undefined && isTable(before, column)) before.push(...column);
    else columns.push(column);
  }
  if (columns.length > 1) return columns.flatMap((column) => readBlocks(column, depth + 1));
  const bands = cutAtGaps(lines, "top", "bottom", 0.1 * typical, 0.6);
  if (bands.length > 1) return bands.flatMap((band) => readBlocks(band, depth + 1));
  return joinWithin(lines, Infinity);
}

/** Parts between the gaps of at least `smallest` that are at least `share` of the widest (0: each gap counts). */
function cutAtGaps(
  lines: readonly Line[],
  from: "left" | "top",
  to: "right" | "bottom",
  smallest: number,
  share: number,
): Line[][] {
  const sorted = [...lines].sort((a, b) => a[from] - b[from]);
  const gaps: { index: number; size: number }[] = [];
  let end = -Infinity;
  sorted.forEach((line, index) => {
    if (index > 0 && line[from] - end >= smallest) gaps.push({ index, size: line[from] - end });
    end = Math.max(end, line[to]);
  });
  const widest = Math.max(0, ...gaps.map(({ size }) => size));
  const cuts = gaps.filter(({ size }) => size >= share * widest).map(({ index }) => index);
  return [0, ...cuts].map((start, part) => sorted.slice(start, cuts[part] ?? sorted.length));
}

/** Whether the rows of two sides line up as those of a table do. */
function isTable(left: readonly Line[], right: readonly Line[]): boolean {
  const [fewer, more] = left.length < right.length ? [left, right] : [right, left];
  const matched = fewer.filter((line) => more.some((other) => onOneBaseline(line, other))).length;
  const shortest = Math.min(averageCharacters(left), averageCharacters(right));
  return matched >= 0.7 * fewer.length && (shortest <= cellCharacters || fewer.length === 1);
}

function averageCharacters(lines: readonly Line[]): number {
  const all = lines.reduce((sum, { pieces }) => sum + pieces.reduce((length, { text }) => length + text.length, 0), 0);
  return all / lines.length;
}

function toOcrLine({ pieces }: Line, angle: number, image: { width: number; height: number }): OcrLine {
  const only = pieces.length === 1 ? pieces[0] : undefined;
  const rectangle =
    only?.rectangle ??
    boundsAlong(
      pieces.flatMap((piece) => corners(piece.rectangle)),
      angle,
    );
  const characters = pieces.reduce((sum, { text }) => sum + text.length, 0);
  const certainty = pieces.reduce((sum, { text, confidence }) => sum + text.length * confidence, 0);
  const inside = ({ x, y }: Point): readonly [number, number] => [
    Math.round(Math.min(Math.max(x, 0), image.width)),
    Math.round(Math.min(Math.max(y, 0), image.height)),
  ];
  return {
    text: pieces.map(({ text }) => text).join(" "),
    confidence: Math.min(1, certainty / characters),
    box: corners(rectangle).map(inside),
  };
}

function medianHeight(lines: readonly Line[]): number {
  const heights = lines.map(height).sort((a, b) => a - b);
  return heights[heights.length >> 1] ?? 0;
}

function height(line: Line): number {
  return line.bottom - line.top;
}

function middle(line: Line): number {
  return (line.top + line.bottom) / 2;
}

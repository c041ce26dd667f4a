/** Joins regions of one line that touch: detection parts a line at wide spaces, through the middle of a word at times. */
import { boundsAlong, corners, type RotatedRectangle } from "./geometry";

/** Regions at least this alike in height and position are of one line; as shares of the lower one's height. */
const heightRatio = 0.7;
const shift = 0.25;
/** A gap up to this share of the height is a space, which the recogniser reads better than it can be guessed. */
const gapShare = 0.25;

/** The same text in fewer rectangles. Only upright ones are joined: nothing else is reliably side by side. */
export function mergeTouching(rectangles: readonly RotatedRectangle[]): RotatedRectangle[] {
  const upright = rectangles.filter(({ angle }) => angle === 0);
  const merged = rectangles.filter(({ angle }) => angle !== 0);
  // From left to right, each region is added to the nearest line that it continues.
  const open: RotatedRectangle[] = [];
  for (const next of upright.sort((a, b) => left(a) - left(b))) {
    const index = open.findIndex((line) => continues(line, next));
    const line = open[index];
    if (line === undefined) open.push(next);
    else open[index] = boundsAlong([...corners(line), ...corners(next)], 0);
  }
  return [...merged, ...open];
}

function continues(line: RotatedRectangle, next: RotatedRectangle): boolean {
  const lower = Math.min(line.height, next.height);
  return (
    lower >= heightRatio * Math.max(line.height, next.height) &&
    Math.abs(line.centreY - next.centreY) <= shift * lower &&
    left(next) - (line.centreX + line.width / 2) <= gapShare * lower
  );
}

function left({ centreX, width }: RotatedRectangle): number {
  return centreX - width / 2;
}

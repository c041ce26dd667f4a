/** Finds which way up each line is by reading it in every way that its shape allows, and keeping the surest. */
import type { RotatedRectangle } from "./geometry";
import type { Piece } from "./order";
import type { ReadLine } from "./recognise";

/** Height to width: from the first on a rectangle may hold text that runs up or down, from the second on it must. */
const maybeVertical = 1.5;
const surelyVertical = 3;
/** An upright line less sure than this may be upside down, where it is this many times as long as high. */
const doubtful = 0.7;
const longEnough = 2;
/** By how much another way must be surer than the upright one. */
const margin = 0.1;

export type ReadRectangles = (rectangles: readonly RotatedRectangle[]) => Promise<ReadLine[]>;

/** What each rectangle says, with the rectangle turned so that its width runs along the text. */
export async function readEachWay(rectangles: readonly RotatedRectangle[], read: ReadRectangles): Promise<Piece[]> {
  const best = await readBest(
    rectangles.map((rectangle) => firstTurns(rectangle).map((turns) => turned(rectangle, turns))),
    read,
  );
  const long = best.filter(({ rectangle: { width, height } }) => width >= longEnough * height);
  const doubted = long.filter(({ confidence }) => confidence < doubtful);
  const reversed = await readReversed(doubted, read);
  const better = doubted.filter((piece) => (reversed.get(piece)?.confidence ?? 0) > piece.confidence + margin);
  if (better.length <= long.length / 2) {
    return best.map((piece) => (better.includes(piece) ? (reversed.get(piece) ?? piece) : piece));
  }
  // A page on its head: digits and words like "pod" read well either way, so all lines follow the majority.
  const others = await readReversed(
    best.filter((piece) => !reversed.has(piece)),
    read,
  );
  return best.map((piece) => reversed.get(piece) ?? others.get(piece) ?? piece);
}

async function readReversed(pieces: readonly Piece[], read: ReadRectangles): Promise<ReadonlyMap<Piece, Piece>> {
  const rectangles = pieces.map(({ rectangle }) => turned(rectangle, 2));
  const lines = pieces.length === 0 ? [] : await read(rectangles);
  const reversed = new Map<Piece, Piece>();
  pieces.forEach((piece, index) => {
    const line = lines[index];
    const rectangle = rectangles[index];
    if (line !== undefined && rectangle !== undefined) reversed.set(piece, { rectangle, ...line });
  });
  return reversed;
}

/** Quarter turns to read a rectangle with, the most usual first. */
function firstTurns({ width, height }: RotatedRectangle): readonly number[] {
  if (height < maybeVertical * width) return [0];
  return height < surelyVertical * width ? [0, -1, 1] : [-1, 1];
}

/** Reads all ways of all regions in one go and keeps, for each region, the surest; the first one on near ties. */
async function readBest(ways: readonly (readonly RotatedRectangle[])[], read: ReadRectangles): Promise<Piece[]> {
  const lines = await read(ways.flat());
  let next = 0;
  return ways.flatMap((candidates) => {
    let best: Piece | undefined;
    for (const rectangle of candidates) {
      const { text, confidence } = lines[next++] ?? { text: "", confidence: 0 };
      if (best === undefined || confidence > best.confidence + margin) best = { rectangle, text, confidence };
    }
    return best === undefined ? [] : [best];
  });
}

/** The same area, read after turning by quarters clockwise. */
function turned({ centreX, centreY, width, height, angle }: RotatedRectangle, quarters: number): RotatedRectangle {
  const swap = quarters % 2 !== 0;
  return {
    centreX,
    centreY,
    width: swap ? height : width,
    height: swap ? width : height,
    angle: angle + (quarters * Math.PI) / 2,
  };
}

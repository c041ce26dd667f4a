/** Parts of a picture, in pixels of the original. */
import type { Rectangle } from "../src/shared/protocol";

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** A place, in pixels of the original. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Smaller parts are slips of the hand. In pixels of the original. */
export const smallestPart = 4;

const within = (value: number, most: number): number => Math.min(Math.max(value, 0), most);

/** The part between two places, or undefined where it is too small to mean anything. */
export function partBetween(from: Point, to: Point, size: Size): Rectangle | undefined {
  const left = Math.floor(within(Math.min(from.x, to.x), size.width));
  const top = Math.floor(within(Math.min(from.y, to.y), size.height));
  const width = Math.ceil(within(Math.max(from.x, to.x), size.width)) - left;
  const height = Math.ceil(within(Math.max(from.y, to.y), size.height)) - top;
  return width < smallestPart || height < smallestPart ? undefined : { left, top, width, height };
}

/** The middle half: where choosing by keyboard begins. */
export const middlePart = ({ width, height }: Size): Rectangle => ({
  left: Math.floor(width / 4),
  top: Math.floor(height / 4),
  width: Math.max(1, Math.ceil(width / 2)),
  height: Math.max(1, Math.ceil(height / 2)),
});

/** The part moved, within the picture. */
export function movedPart(part: Rectangle, { x, y }: Point, size: Size): Rectangle {
  const left = within(part.left + x, size.width - part.width);
  const top = within(part.top + y, size.height - part.height);
  return { ...part, left, top };
}

/** The part with its right and lower edge moved, within the picture. */
export function resizedPart(part: Rectangle, { x, y }: Point, size: Size): Rectangle {
  const bounded = (value: number, most: number): number =>
    Math.min(Math.max(value, Math.min(smallestPart, most)), most);
  return {
    ...part,
    width: bounded(part.width + x, size.width - part.left),
    height: bounded(part.height + y, size.height - part.top),
  };
}

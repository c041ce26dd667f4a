/**
 * What the words read in an image and their places say of its kind, as numbers: `training/kind_reader.py` (`word_buckets`,
 * `layout`) computes the same, and a test compares them.
 */
import type { OcrLine } from "../../shared/protocol";

/** Lines that count, the first ones. */
const mostLines = 80;
const longestWord = 40;
const grid = 4;
/** Left edges that are compared, as a part of the width, and how near they are when aligned. */
const mostEdges = 200;
const aligned = 0.012;

const symbols = "{}()[];=<>/\\|_$#%*+:\"'.,-@&!?~";
const digits = "0123456789";
const large = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const small = "abcdefghijklmnopqrstuvwxyz";
const numeric = "0123456789.,%-+$ ";
const telling = ["{}", "()", ";", "=", "/\\", "$#", "|_", "%", ":", "\"'", "<>", ".,"];

/** Hashes below `buckets` of words, their parts of three characters, and the shapes of lines. */
export function wordBuckets(texts: readonly string[], buckets: number): number[] {
  const found: number[] = [];
  const add = (text: string): void => void found.push(bucketOf(text, buckets));
  for (const text of texts.slice(0, mostLines).filter((line) => line !== "")) {
    const plain = plainOf(text);
    add(`\n${shapeOf(plain)}`);
    for (const word of plain.split(" ")) {
      if (word === "") continue;
      const framed = ` ${word.slice(0, longestWord)} `;
      add(framed);
      for (let at = 0; at + 3 <= framed.length; at++) add(framed.slice(at, at + 3));
    }
  }
  return found;
}

/** Small letters, every digit 0, everything beyond ASCII ~. */
const plainOf = (text: string): string =>
  Array.from(text)
    .map((c) =>
      digits.includes(c) ? "0" : large.includes(c) ? c.toLowerCase() : (c.codePointAt(0) ?? 0) < 128 ? c : "~",
    )
    .join("");

/** FNV-1a of ASCII text. */
function bucketOf(text: string, buckets: number): number {
  let value = 2166136261;
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 16777619) >>> 0;
  return value % buckets;
}

/** How a line begins and ends, and its length in doublings. */
function shapeOf(plain: string): string {
  const kind = (c: string): string => (small.includes(c) ? "a" : c);
  return `${kind(plain.charAt(0))}${kind(plain.charAt(plain.length - 1))}${plain.length.toString(2).length}`;
}

/** What was read in an image; sizes and boxes in its pixels. */
export interface ReadImage {
  readonly width: number;
  readonly height: number;
  readonly lines: readonly Pick<OcrLine, "text" | "box">[];
  /** How many errors of the built-in list were found in the lines. */
  readonly errors: number;
}

/** Size and shape of the image, where the text stands, what it is made of, whether it holds an error: numbers near 1. */
export function textLayout({ width, height, lines, errors }: ReadImage): number[] {
  const boxes = lines.map(({ box }) => ({
    left: Math.round(Math.min(...box.map(([x]) => x))),
    top: Math.round(Math.min(...box.map(([, y]) => y))),
    right: Math.round(Math.max(...box.map(([x]) => x))),
    bottom: Math.round(Math.max(...box.map(([, y]) => y))),
  }));
  const count = Math.max(1, lines.length);
  const heights = boxes.map(({ top, bottom }) => (bottom - top) / height).sort((a, b) => a - b);
  const middle = heights[heights.length >> 1] ?? 0;
  const highest = heights.at(-1) ?? 0;
  const lefts = boxes.map(({ left }) => left / width);
  const sameLeft = lefts
    .slice(0, mostEdges)
    .map((left) => lefts.filter((other) => Math.abs(left - other) < aligned).length);
  const cells = new Array<number>(grid * grid).fill(0);
  const within = (part: number): number => Math.min(grid - 1, Math.max(0, Math.trunc(part * grid)));
  let area = 0;
  for (const { left, top, right, bottom } of boxes) {
    const part = ((right - left) * (bottom - top)) / (width * height);
    const cell = within((top + bottom) / 2 / height) * grid + within((left + right) / 2 / width);
    cells[cell] = (cells[cell] ?? 0) + part;
    area += part;
  }
  const joined = Array.from(lines.map(({ text }) => text).join(""));
  const shareOf = (characters: string): number => share(joined, characters);
  const numbers = lines.filter(({ text }) => share(Array.from(text), numeric) > 0.8).length;
  return [
    Math.log(width / height),
    Math.log(width) - 6,
    Math.log(height) - 6,
    Math.log1p(lines.length),
    lines.length === 0 ? 1 : 0,
    area,
    Math.log1p(100 * middle),
    Math.log1p(100 * highest),
    Math.sqrt(highest / (middle + 1e-3)),
    Math.max(0, ...sameLeft) / count,
    Math.log1p(joined.length / count),
    numbers / count,
    ...[digits, large, small, " ", symbols].map(shareOf),
    joined.filter((c) => (c.codePointAt(0) ?? 0) > 127).length / Math.max(1, joined.length),
    ...telling.map((characters) => Math.sqrt(shareOf(characters))),
    ...cells.map(Math.sqrt),
    errors > 0 ? 1 : 0,
  ];
}

const share = (text: readonly string[], characters: string): number =>
  text.filter((c) => characters.includes(c)).length / Math.max(1, text.length);

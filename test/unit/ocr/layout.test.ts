import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { tiles } from "../../../src/engine/ocr/detect";
import { corners, minimumAreaRectangle, type RotatedRectangle } from "../../../src/engine/ocr/geometry";
import { mergeTouching } from "../../../src/engine/ocr/merge";
import { inReadingOrder } from "../../../src/engine/ocr/order";
import { decode } from "../../../src/engine/ocr/recognise";
import { findTextRegions } from "../../../src/engine/ocr/text-regions";

const upright = (left: number, top: number, width: number, height = 20): RotatedRectangle => ({
  centreX: left + width / 2,
  centreY: top + height / 2,
  width,
  height,
  angle: 0,
});

test("the smallest rectangle around points of a turned rectangle is that rectangle", () => {
  const turned = { centreX: 40, centreY: -7, width: 100, height: 12, angle: 0.4 };
  const inner = corners({ ...turned, width: 30, height: 5, angle: 0.4 });
  const found = minimumAreaRectangle([...inner, ...corners(turned)]);
  for (const key of ["centreX", "centreY", "width", "height", "angle"] as const) {
    assert.ok(Math.abs(found[key] - turned[key]) < 1e-9, `${key}: ${found[key]}`);
  }
});

test("tiles overlap, keep every pixel exactly once and stay below the limit", () => {
  for (const side of [1, 1024, 1025, 1920, 10_000]) {
    const all = tiles(side);
    let next = 0;
    for (const { from, to, keepFrom, keepTo } of all) {
      assert.equal(keepFrom, next);
      assert.ok(from <= keepFrom && keepFrom < keepTo && keepTo <= to && to - from <= 1024);
      next = keepTo;
    }
    assert.equal(next, side);
  }
});

describe("regions of a probability map", () => {
  const options = { pixelThreshold: 0.3, regionThreshold: 0.5, growRatio: 1.5, maxRegions: 10 };
  const draw = (width: number, height: number, paint: (x: number, y: number) => number) => {
    const values = new Uint8Array(width * height);
    for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) values[y * width + x] = paint(x, y) * 255;
    return { width, height, values };
  };

  test("grow by area × ratio / perimeter, and faint ones are dropped", () => {
    const map = draw(100, 40, (x, y) =>
      y >= 10 && y < 18 ? (x >= 10 && x < 50 ? 1 : x >= 60 && x < 90 ? 0.4 : 0) : 0,
    );
    const regions = findTextRegions(map, options);
    assert.equal(regions.length, 1);
    const grow = (40 * 8 * 1.5) / (2 * (40 + 8));
    assert.deepEqual(regions[0], {
      rectangle: { centreX: 30, centreY: 14, width: 40 + 2 * grow, height: 8 + 2 * grow, angle: 0 },
      probability: 1,
    });
  });

  test("arms that join further down are one region", () => {
    const map = draw(30, 30, (x, y) =>
      (x >= 5 && x < 8) || (x >= 20 && x < 23) || (y >= 24 && x >= 5 && x < 23) ? 1 : 0,
    );
    assert.equal(findTextRegions(map, options).length, 1);
  });
});

describe("merging", () => {
  test("joins what touches on one line, and nothing else", () => {
    const merged = mergeTouching([upright(0, 0, 50), upright(52, 1, 40), upright(120, 0, 30), upright(0, 22, 50)]);
    assert.deepEqual(
      merged.map(({ width }) => width).sort((a, b) => a - b),
      [30, 50, 92],
    );
  });
});

describe("reading order", () => {
  const order = (...pieces: readonly [text: string, left: number, top: number, width: number][]) =>
    inReadingOrder(
      pieces.map(([text, left, top, width]) => ({ text, rectangle: upright(left, top, width), confidence: 0.9 })),
      { width: 1000, height: 1000 },
    ).map(({ text }) => text);

  test("joins pieces of a line from left to right", () => {
    assert.deepEqual(order(["world", 80, 2, 50], ["below", 10, 30, 60], ["hello", 10, 0, 60]), [
      "hello world",
      "below",
    ]);
  });

  test("reads columns one after the other where their rows differ or hold sentences", () => {
    const left = ["a sentence that fills the column", "and another one just below it"] as const;
    const right = ["the second column is as wide", "and it has two lines as well"] as const;
    for (const shift of [0, 11]) {
      const lines = order(
        [right[0], 500, shift, 300],
        [left[0], 10, 0, 300],
        [left[1], 10, 25, 300],
        [right[1], 500, 25 + shift, 300],
      );
      assert.deepEqual(lines, [...left, ...right]);
    }
  });

  test("reads tables row by row, below a title that spans them", () => {
    const lines = order(
      ["9", 300, 100, 20],
      ["Title over both", 10, 0, 400],
      ["beta", 10, 130, 60],
      ["8", 300, 130, 20],
      ["alpha", 10, 100, 60],
    );
    assert.deepEqual(lines, ["Title over both", "alpha 9", "beta 8"]);
  });

  test("takes little time on thousands of pieces in awkward places", () => {
    const places = { diagonal: [100, 30], row: [100, 0], column: [0, 30] } as const;
    for (const [name, [stepX, stepY]] of Object.entries(places)) {
      const start = performance.now();
      order(
        ...Array.from(
          { length: 4000 },
          (_, index) => ["word", index * stepX, index * stepY, 60] as [string, number, number, number],
        ),
      );
      assert.ok(performance.now() - start < 3000, name);
    }
  });
});

test("CTC drops blanks and repeats, and averages the characters' probabilities", () => {
  const classes = BigInt64Array.from([0n, 1n, 1n, 0n, 1n, 2n, 2n, 0n]);
  const probabilities = Float32Array.from([1, 0.5, 0.1, 1, 0.75, 1, 0.1, 1]);
  assert.deepEqual(decode(classes, probabilities, ["a", "b"]), { text: "aab", confidence: 0.75 });
  assert.deepEqual(decode(new BigInt64Array(3), new Float32Array(3), ["a"]), { text: "", confidence: 0 });
});

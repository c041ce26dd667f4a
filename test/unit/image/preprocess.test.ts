/** Squares of images against Pillow's own (fixtures/squares.json), and what becomes of them. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";
import type { RgbImage } from "../../../src/engine/image/decode";
import { highResolutionPixels, lowResolutionPixels, normalise } from "../../../src/engine/image/preprocess";

interface SquareCase {
  readonly seed: number;
  readonly size: readonly [width: number, height: number];
  readonly side: number;
  /** SHA-256 of the pixels. */
  readonly pad: string;
  readonly crop: string;
}

const cases = JSON.parse(
  readFileSync(path.join(import.meta.dirname, "fixtures/squares.json"), "utf8"),
) as readonly SquareCase[];

/** As `seeded` in fixtures/make.py. */
function seeded(seed: number, width: number, height: number): RgbImage {
  const data = new Uint8Array(width * height * 3);
  let state = seed;
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    data[i] = seed % 2 === 0 ? state >>> 24 : 255 * (state >>> 31);
  }
  return { name: "seeded", width, height, data, hash: "" };
}

describe("squares of images", () => {
  test("there are cases of every shape", () => {
    assert.ok(cases.some(({ size: [width, height] }) => width > height));
    assert.ok(cases.some(({ size: [width, height] }) => width < height));
  });

  for (const { seed, size, side, pad, crop } of cases) {
    test(`${size.join("×")} to ${side}`, () => {
      const image = seeded(seed, ...size);
      for (const [aspect, expected] of [
        ["pad", pad],
        ["crop", crop],
      ] as const) {
        const found = createHash("sha256")
          .update(highResolutionPixels(image, side, aspect))
          .digest("hex");
        assert.equal(found, expected, aspect);
      }
    });
  }
});

describe("what the encoders take", () => {
  test("normalised pixels are planes of float32", () => {
    const pixels = Uint8Array.from([0, 51, 102, 255, 204, 153, 10, 20, 30, 40, 50, 60]);
    const found = normalise(pixels, 2, [0.5, 0.25, 0.125], [0.5, 0.25, 2]);
    const planes = [
      [-1, 1, 10 / 255 / 0.5 - 1, 40 / 255 / 0.5 - 1],
      [51 / 255 / 0.25 - 1, 204 / 255 / 0.25 - 1, 20 / 255 / 0.25 - 1, 50 / 255 / 0.25 - 1],
      [102, 153, 30, 60].map((value) => (value / 255 - 0.125) / 2),
    ];
    assert.equal(found.length, 12);
    for (const [i, expected] of planes.flat().entries()) assert.ok(Math.abs((found[i] ?? 9) - expected) < 1e-6);
  });

  test("tiles come row by row, then the whole image", () => {
    const side = 4;
    // Each channel of each quarter has a value of its own, so bilinear samples away from the edges are just that.
    const high = Float32Array.from({ length: 3 * 16 * 16 }, (_, i) => {
      const [channel, y, x] = [Math.floor(i / 256), Math.floor(i / 16) % 16, i % 16];
      return channel * 10 + (y < 8 ? 0 : 2) + (x < 8 ? 0 : 1);
    });
    const views = lowResolutionPixels(high, 16, { side, grid: 2, global: true });
    assert.equal(views.length, 5 * 3 * side * side);
    for (let tile = 0; tile < 4; tile++) {
      for (let channel = 0; channel < 3; channel++) {
        const from = (tile * 3 + channel) * side * side;
        assert.deepEqual([...new Set(views.subarray(from, from + side * side))], [channel * 10 + tile]);
      }
    }
    const whole = views.subarray(4 * 3 * side * side);
    assert.deepEqual([whole[0], whole[3], whole[12], whole[15], whole[16]], [0, 1, 2, 3, 10]);
    assert.equal(lowResolutionPixels(high, 16, { side, grid: 2, global: false }).length, 4 * 3 * side * side);
    assert.equal(lowResolutionPixels(high, 16, { side, grid: 1, global: true }).length, 3 * side * side);
  });
});

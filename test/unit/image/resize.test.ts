/** Resizing against Pillow's own results (fixtures/pillow.json), and what only a canvas adds to it. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";
import type { RgbImage } from "../../../src/engine/image/decode";
import { highResolutionPixels } from "../../../src/engine/image/preprocess";
import { resizeBicubic, type Pixels } from "../../../src/engine/image/resize";

interface PillowCase {
  readonly seed: number;
  readonly from: readonly [number, number];
  readonly to: readonly [number, number];
  readonly sha256: string;
}

const cases = JSON.parse(
  readFileSync(path.join(import.meta.dirname, "fixtures/pillow.json"), "utf8"),
) as readonly PillowCase[];

/** The numbers of fixtures/pillow.py. */
function pixels(seed: number, width: number, height: number): Pixels {
  const data = new Uint8Array(width * height * 3);
  let state = BigInt(seed);
  for (let i = 0; i < data.length; i++) {
    state = (state * 1103515245n + 12345n) % 2n ** 31n;
    const value = Number(state >> 16n) & 0x3ff;
    data[i] = value < 100 ? 0 : value > 923 ? 255 : value & 255;
  }
  return { data, width, height };
}

/** The whole image resized to a size, or the part of that which lies in a window. */
function resized(image: Pixels, width: number, height: number, window = { left: 0, top: 0, width, height }) {
  const canvas = { left: 0, top: 0, width: image.width, height: image.height };
  return resizeBicubic(image, { canvas, colour: [0, 0, 0], width, height, window });
}

const named = (image: Pixels): RgbImage => ({ name: "picture", hash: "", ...image });

describe("resizing", () => {
  test("equals Pillow's to the last bit", () => {
    assert.equal(cases.length, 50);
    for (const { seed, from, to, sha256 } of cases) {
      const found = createHash("sha256")
        .update(resized(pixels(seed, ...from), ...to))
        .digest("hex");
      assert.equal(found, sha256, `${from.join("×")} to ${to.join("×")}`);
    }
  });

  test("a part is cut out of the whole", () => {
    const image = pixels(3, 50, 40);
    const whole = resized(image, 30, 90);
    const part = resized(image, 30, 90, { left: 4, top: 70, width: 9, height: 20 });
    for (let y = 0; y < 20; y++) {
      const row = whole.subarray(((70 + y) * 30 + 4) * 3, ((70 + y) * 30 + 13) * 3);
      assert.deepEqual(part.subarray(y * 27, (y + 1) * 27), row);
    }
  });
});

describe("high-resolution pixels", () => {
  for (const [width, height] of [
    [40, 17],
    [17, 40],
    [1, 33],
    [60, 2],
  ] as const) {
    test(`of ${width}×${height} equal those of the picture padded beforehand`, () => {
      const image = pixels(width, width, height);
      const side = Math.max(width, height);
      const padded = new Uint8Array(side * side * 3);
      padded.forEach((_, i) => (padded[i] = [122, 116, 104][i % 3] ?? 0));
      const left = Math.floor((side - width) / 2);
      const top = Math.floor((side - height) / 2);
      for (let y = 0; y < height; y++) {
        padded.set(image.data.subarray(y * width * 3, (y + 1) * width * 3), ((top + y) * side + left) * 3);
      }
      for (const size of [12, 48, 96]) {
        const expected = resized({ data: padded, width: side, height: side }, size, size);
        assert.deepEqual(highResolutionPixels(named(image), size, "pad"), expected);
      }
    });
  }

  test("cropped ones keep the middle", () => {
    const data = new Uint8Array(90 * 30 * 3);
    for (let i = 0; i < data.length; i += 3) data[i + Math.floor(((i / 3) % 90) / 30)] = 200;
    const square = highResolutionPixels(named({ data, width: 90, height: 30 }), 10, "crop");
    const middle = (5 * 10 + 5) * 3;
    assert.deepEqual([...square.subarray(middle, middle + 3)], [0, 200, 0]);
  });

  test("of very long images take little time and memory", () => {
    for (const [width, height] of [
      [20_000, 1],
      [1, 20_000],
    ] as const) {
      const image = named({ data: new Uint8Array(width * height * 3), width, height });
      for (const aspect of ["pad", "crop"] as const) {
        const start = performance.now();
        assert.equal(highResolutionPixels(image, 768, aspect).length, 768 * 768 * 3);
        assert.ok(performance.now() - start < 3000, `${aspect} ${width}×${height}`);
      }
    }
  });
});

/** Every format and pixel layout that is decoded. The files were made by another library (fixtures/make.py). */
import assert from "node:assert/strict";
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, test } from "node:test";
import sharp from "sharp";
import type { RgbImage } from "../../../src/engine/image/decode";
import { assertNear, type Colour, decodeBytes, decodeFile, fixture, pixelAt } from "./pictures";

const width = 32;
const height = 24;
type Quarters = readonly [Colour, Colour, Colour, Colour];
const colours: Quarters = [
  [200, 30, 40],
  [20, 180, 60],
  [30, 60, 220],
  [250, 240, 10],
];
const greyOf = (values: readonly number[]): Quarters =>
  values.map((value) => [value, value, value]) as unknown as Quarters;
/** ITU-R 601 weights, as PIL makes grey of colours. */
const grey = greyOf([82, 118, 69, 217]);
/** What is dark becomes black. */
const bits = greyOf([0, 0, 0, 255]);
/** Inks are duller than screens, by no rule that every program shares; inverted ones would be further off than this. */
const inkTolerance = 95;

function assertQuarters(image: RgbImage, expected: Quarters, within: number): void {
  assert.deepEqual([image.width, image.height, image.data.length], [width, height, width * height * 3]);
  const centres = [
    [8, 6],
    [24, 6],
    [8, 18],
    [24, 18],
  ] as const;
  for (const [i, [x, y]] of centres.entries()) {
    assertNear(pixelAt(image, x, y), expected[i] ?? [-1, -1, -1], { within, what: `quarter ${i}` });
  }
}

const files: Readonly<Record<string, readonly [expected: Quarters, within: number]>> = {
  "rgb.png": [colours, 0],
  "rgb-alpha.png": [colours, 0],
  "grey.png": [grey, 0],
  "grey-alpha.png": [grey, 0],
  "palette.png": [colours, 0],
  "palette-clear.png": [colours, 0],
  "bits.png": [bits, 0],
  "rgb.jpg": [colours, 2],
  "rgb-progressive.jpg": [colours, 2],
  "grey.jpg": [grey, 2],
  "cmyk.jpg": [colours, inkTolerance],
  "rgb.webp": [colours, 0],
  "rgb-alpha.webp": [colours, 0],
  "moving.webp": [colours, 0],
  "palette.gif": [colours, 0],
  "rgb.tif": [colours, 0],
  "rgb-lzw.tif": [colours, 0],
  "rgb-jpeg.tif": [colours, 2],
  "rgb-alpha.tif": [colours, 0],
  "palette.tif": [colours, 0],
  "bits-group4.tif": [bits, 0],
  "cmyk.tif": [colours, inkTolerance],
  "rgb-24.bmp": [colours, 0],
  "rgb-24-falling.bmp": [colours, 0],
  "rgb-24-core.bmp": [colours, 0],
  "rgb-32-masks.bmp": [colours, 0],
  "rgb-555.bmp": [colours, 4],
  "rgb-565.bmp": [colours, 4],
  "palette-8.bmp": [colours, 0],
  "palette-4.bmp": [colours, 0],
  "grey-8.bmp": [grey, 0],
  "bits-1.bmp": [bits, 0],
};

describe("formats", () => {
  for (const [name, [expected, within]] of Object.entries(files)) {
    test(name, async () => {
      assertQuarters(await decodeFile(fixture(name)), expected, within);
    });
  }

  for (let orientation = 1; orientation <= 8; orientation++) {
    test(`EXIF orientation ${orientation} is set upright`, async () => {
      assertQuarters(await decodeFile(fixture(`orientation-${orientation}.jpg`)), colours, 3);
    });
  }

  test("of 16 bits the high 8 are kept", async () => {
    const { data } = await decodeFile(fixture("grey-16.png"));
    assert.deepEqual(
      [...data],
      Array.from({ length: width * height * 3 }, (_, i) => (Math.floor(i / 3) * 85) >> 8),
    );
  });

  test("of an animation the first frame that shows anything counts", async () => {
    // The second frame's left half is clear.
    const image = await decodeFile(fixture("clear-first.gif"));
    assertNear(pixelAt(image, 24, 6), colours[1], { within: 0, what: "top right" });
    assertNear(pixelAt(image, 24, 18), colours[3], { within: 0, what: "bottom right" });
  });

  test("AVIF of 8 and 12 bits, with alpha", async () => {
    const eight = await sharp(fixture("rgb-alpha.png")).avif({ quality: 90, chromaSubsampling: "4:4:4" }).toBuffer();
    assertQuarters(await decodeBytes(eight), colours, 4);
    const twelve = await sharp(fixture("rgb.png")).avif({ quality: 90, bitdepth: 12 }).toBuffer();
    assertQuarters(await decodeBytes(twelve), colours, 4);
  });

  test("colour profiles are brought to sRGB", async () => {
    const eight = await sharp(fixture("rgb.png")).withIccProfile("p3").png().toBuffer();
    assert.notDeepEqual([...(await sharp(eight, { ignoreIcc: true }).raw().toBuffer()).subarray(0, 3)], colours[0]);
    assertQuarters(await decodeBytes(eight), colours, 2);
    const sixteen = await sharp(fixture("rgb.png")).toColourspace("rgb16").withIccProfile("p3").png().toBuffer();
    assertQuarters(await decodeBytes(sixteen), colours, 2);
    const plain = await sharp(fixture("rgb.png")).toColourspace("rgb16").png().toBuffer();
    assertQuarters(await decodeBytes(plain), colours, 0);
  });

  test("a colour profile that is nonsense is passed over", async () => {
    const damaged = await sharp(fixture("rgb.png")).withIccProfile("p3").jpeg({ quality: 95 }).toBuffer();
    const profile = damaged.indexOf("ICC_PROFILE");
    damaged.fill(7, profile + 14, profile + 60);
    assert.equal((await decodeBytes(damaged)).width, width);
  });

  test("the file name's extension counts for nothing", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "image-"));
    try {
      for (const [name, lie] of [
        ["rgb.png", "a.jpg"],
        ["rgb.jpg", "b.svg"],
        ["rgb-24.bmp", "c.gif"],
      ] as const) {
        await copyFile(fixture(name), path.join(folder, lie));
        assertQuarters(await decodeFile(path.join(folder, lie)), colours, 2);
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe("crops", () => {
  const bytes = readFileSync(fixture("orientation-6.jpg"));

  test("are taken from the upright image", async () => {
    const part = await decodeBytes(bytes, { left: 20, top: 2, width: 8, height: 4 });
    assert.deepEqual([part.width, part.height, part.data.length], [8, 4, 8 * 4 * 3]);
    assertNear(pixelAt(part, 4, 2), colours[1], { within: 3, what: "top right" });
  });

  test("are cut off at the image's edges", async () => {
    const part = await decodeBytes(bytes, { left: -5, top: 20, width: 1000, height: 1e9 });
    assert.deepEqual([part.width, part.height], [32, 4]);
  });

  test("are part of the hash, as the bytes are, and the name is not", async () => {
    const crop = { left: 0, top: 0, width: 32, height: 24 };
    const whole = await decodeBytes(bytes);
    assert.match(whole.hash, /^[0-9a-f]{64}$/);
    assert.equal((await decodeFile(fixture("orientation-6.jpg"))).hash, whole.hash);
    assert.notEqual((await decodeBytes(bytes, crop)).hash, whole.hash);
    assert.notEqual((await decodeFile(fixture("orientation-5.jpg"))).hash, whole.hash);
  });
});

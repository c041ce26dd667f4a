/** Drawn pictures in every format that people save: the same picture, its prompt still in it. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import sharp from "sharp";
import { encodePicture } from "../../../src/engine/image/encode";
import type { PictureFormat } from "../../../src/shared/encode-protocol";
import { failureOf } from "../../../src/shared/failure";
import { pngChunk } from "./png";

const prompt = "a rocket <flat> & — ロケット\u0001\nSeed: 7";
const promptInXml = "a rocket &lt;flat&gt; &amp; — ロケット\nSeed: 7";
const width = 96;
const height = 64;

/** A PNG with its prompt as `generate` writes it. */
async function drawn(): Promise<Buffer> {
  const disc = Buffer.from(`<svg width="96" height="64"><circle cx="48" cy="32" r="20" fill="#dc503c"/></svg>`);
  const png = await sharp({ create: { width, height, channels: 3, background: "#2860a8" } })
    .composite([{ input: disc }])
    .png()
    .toBuffer();
  const text = pngChunk("iTXt", Buffer.from(`parameters\0\0\0\0\0${prompt}`));
  const afterHeader = 33;
  return Buffer.concat([png.subarray(0, afterHeader), text, png.subarray(afterHeader)]);
}

async function pixel(bytes: Uint8Array, left: number, top: number): Promise<number[]> {
  const { data } = await sharp(bytes)
    .extract({ left, top, width: 1, height: 1 })
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return [...data];
}

function assertNear(found: readonly number[], expected: readonly number[], within: number): void {
  const distance = Math.max(...expected.map((value, index) => Math.abs(value - (found[index] ?? 0))));
  assert.ok(distance <= within, `${found.join()} where ${expected.join()} belongs`);
}

async function failureOfEncoding(format: string, sizes?: readonly number[], png?: Uint8Array): Promise<string> {
  try {
    await encodePicture({ png: png ?? (await drawn()), format: format as PictureFormat, sizes });
  } catch (thrown) {
    return failureOf(thrown).code;
  }
  return "none";
}

describe("formats", () => {
  test("a PNG stays the very file", async () => {
    const png = await drawn();
    const { bytes } = await encodePicture({ png, format: "png" });
    assert.deepEqual(Buffer.from(bytes), png);
  });

  for (const [format, found] of [
    ["webp", "webp"],
    ["avif", "heif"],
    ["jpeg", "jpeg"],
  ] as const) {
    test(format, async () => {
      const encoded = await encodePicture({ png: await drawn(), format });
      const metadata = await sharp(encoded.bytes).metadata();
      assert.equal(metadata.format, found);
      assert.deepEqual([metadata.width, metadata.height], [width, height]);
      assert.deepEqual([encoded.width, encoded.height], [width, height]);
      assert.ok(metadata.xmpAsString?.includes(promptInXml), "the prompt is in its XMP");
      assert.ok(metadata.xmpAsString?.includes("trainedAlgorithmicMedia"));
      assertNear(await pixel(encoded.bytes, 48, 32), [0xdc, 0x50, 0x3c], 6);
      assertNear(await pixel(encoded.bytes, 3, 3), [0x28, 0x60, 0xa8], 6);
    });
  }
});

describe("icons", () => {
  test("hold each size once, as square PNG files with the picture in the middle", async () => {
    const { bytes, width: side } = await encodePicture({ png: await drawn(), format: "ico", sizes: [256, 16, 48, 16] });
    const icon = Buffer.from(bytes);
    assert.equal(side, 256);
    assert.deepEqual([icon.readUInt16LE(0), icon.readUInt16LE(2), icon.readUInt16LE(4)], [0, 1, 3]);
    let end = 6 + 16 * 3;
    for (const [index, expected] of [16, 48, 256].entries()) {
      const at = 6 + 16 * index;
      assert.deepEqual([icon[at], icon[at + 1]], [expected % 256, expected % 256]);
      const length = icon.readUInt32LE(at + 8);
      assert.equal(icon.readUInt32LE(at + 12), end);
      end += length;
      const picture = icon.subarray(end - length, end);
      const metadata = await sharp(picture).metadata();
      assert.deepEqual([metadata.format, metadata.width, metadata.height], ["png", expected, expected]);
      assertNear(await pixel(picture, expected / 2, expected / 2), [0xdc, 0x50, 0x3c], 6);
      const corner = await sharp(picture).extract({ left: 0, top: 0, width: 2, height: 2 }).raw().toBuffer();
      assert.deepEqual([...corner], new Array(16).fill(0), "what the picture does not cover is clear");
      assert.equal(metadata.comments?.[0]?.text, expected === 256 ? prompt : undefined);
    }
    assert.equal(end, icon.length);
  });

  for (const sizes of [[], [0], [257], [16.5], [Number.NaN]]) {
    test(`sizes [${sizes.join()}] are refused`, async () => {
      assert.equal(await failureOfEncoding("ico", sizes), "option-invalid");
    });
  }
});

describe("refusals", () => {
  test("an unknown format", async () => {
    assert.equal(await failureOfEncoding("gif"), "option-invalid");
  });

  test("bytes that are no picture", async () => {
    assert.equal(await failureOfEncoding("webp", undefined, Buffer.from("no picture")), "image-damaged");
    assert.equal(await failureOfEncoding("webp", undefined, (await drawn()).subarray(0, 200)), "image-damaged");
  });

  test("a cancelled request", async () => {
    const encoding = encodePicture({ png: await drawn(), format: "avif" }, AbortSignal.abort());
    await assert.rejects(encoding, (thrown) => failureOf(thrown).code === "cancelled");
  });
});

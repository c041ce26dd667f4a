/**
 * The small illustrator's layout, as `python -m training illustrator` exports it: a tiny one drawn against diffusers, and
 * the one that ships, where it is there.
 */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { describe, test } from "node:test";
import sharp from "sharp";
import { Illustrator } from "../../../src/engine/diffusion/illustrator";
import { openPipelineFolder } from "../../../src/engine/diffusion/pipeline-folder";
import { embeddedIllustrator } from "../../../src/engine/pipeline/generate";
import { failureOf } from "../../../src/shared/failure";
import type { GenerateParams, GeneratePart } from "../../../src/shared/generate-protocol";
import { fixtures } from "./fixtures";

const tiny = path.join(fixtures, "illustrator-tiny");
const never = new AbortController().signal;

async function draw(
  folder: string,
  prompt: string,
  seed: number,
  signal = never,
  onPart?: (part: GeneratePart) => void,
) {
  const illustrator = await Illustrator.open(folder, { device: "cpu", threads: 1 });
  const pictures: Uint8Array[] = [];
  const params: GenerateParams = {
    ...{ model: folder, preparedRoot: "", device: "cpu", threads: 1, prompt, seed, count: 1 },
  };
  const take = (part: GeneratePart): void => {
    onPart?.(part);
    if (part.kind === "picture") pictures.push(part.picture.png);
  };
  const result = await illustrator.draw(params, { signal, onPart: take });
  const [png] = pictures;
  assert.ok(png !== undefined && pictures.length === 1);
  return { result, rgb: await sharp(png).removeAlpha().raw().toBuffer() };
}

function meanDifference(a: Buffer, b: Buffer): number {
  assert.equal(a.length, b.length);
  return a.reduce((sum, value, i) => sum + Math.abs(value - (b[i] ?? 0)), 0) / a.length;
}

describe("an exported illustrator", () => {
  test("says that it is the embedded one, and how it wants to draw", async () => {
    const folder = await openPipelineFolder(tiny);
    assert.deepEqual([folder.embedded, folder.kind, folder.stated], [true, "sd", { steps: 4, guidance: 3 }]);
  });

  test("draws what diffusers draws from the same seed, at its own size, steps and guidance", async () => {
    const expected = await sharp(path.join(tiny, "expected.png")).removeAlpha().raw().toBuffer();
    const { prompt, seed } = JSON.parse(await readFile(path.join(tiny, "expected.json"), "utf8")) as {
      prompt: string;
      seed: number;
    };
    const { result, rgb } = await draw(tiny, prompt, seed);
    assert.deepEqual(
      [result.width, result.height, result.steps, result.guidance, result.scheduler, result.embedded],
      [64, 64, 4, 3, "dpmpp-2m", true],
    );
    const difference = meanDifference(rgb, expected);
    assert.ok(difference <= 2, `${difference.toFixed(3)} of 255 off on average`);
    const { rgb: other } = await draw(tiny, prompt, seed + 1);
    assert.ok(meanDifference(other, expected) > 2, "another seed draws another picture");
  });
});

const shipped = embeddedIllustrator();

describe("the illustrator that ships", { skip: existsSync(shipped) ? false : "none ships yet" }, () => {
  test("draws a picture of its own size, the same one from the same seed", async () => {
    const { result, rgb } = await draw(shipped, "a red heart", 1);
    assert.equal(result.embedded, true);
    assert.equal(rgb.length, 3 * result.width * result.height);
    assert.ok(new Set(rgb).size > 50, "a picture of few values shows nothing");
    assert.deepEqual((await draw(shipped, "a red heart", 1)).rgb, rgb);
  });

  test("stops between two steps", async () => {
    const controller = new AbortController();
    const drawn = draw(shipped, "a red heart", 1, controller.signal, ({ kind }) => {
      if (kind === "step") controller.abort();
    });
    await assert.rejects(drawn, (thrown) => failureOf(thrown).code === "cancelled");
  });
});

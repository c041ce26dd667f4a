import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile, copyFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { Ocr } from "../../../src/engine/ocr/ocr";
import { FailureError } from "../../../src/shared/failure";
import { blank, collage, errors, fixture, modelFolder, pixelsOf, texts } from "./pictures";

describe("OCR", () => {
  let ocr: Ocr;
  before(async () => {
    ocr = await Ocr.create({ threads: 2, modelFolder });
  });
  after(async () => {
    await ocr.dispose();
  });
  const linesOf = async (...image: Parameters<Ocr["read"]>) => (await ocr.read(...image)).map(({ text }) => text);

  /** Characters that may be wrong in each: the recogniser misses a backtick and a space. */
  const allowed = { "code-dark": 1, "code-light": 0, heading: 0, table: 1, columns: 0, chinese: 0, axis: 0 } as const;
  for (const name of Object.keys(texts) as (keyof typeof texts)[]) {
    test(`reads ${name}`, async () => {
      const lines = await linesOf(await pixelsOf(fixture(name)));
      assert.equal(lines.length, texts[name].length, lines.join("\n"));
      assert.ok(errors(lines.join("\n"), texts[name].join("\n")) <= allowed[name], lines.join("\n"));
    });
  }

  test("boxes lie around the text, clockwise from its top left, inside the image", async () => {
    const [heading] = await ocr.read(await pixelsOf(fixture("heading")));
    assert.ok(heading !== undefined && heading.confidence > 0.9 && heading.confidence <= 1);
    const [topLeft, topRight, bottomRight, bottomLeft] = heading.box;
    assert.ok(topLeft && topRight && bottomRight && bottomLeft);
    assert.ok(topLeft[0] < 25 && topRight[0] > 430 && topRight[0] <= 520);
    assert.ok(topLeft[1] < 45 && bottomLeft[1] > 85 && bottomRight[1] <= 130);
  });

  for (const degrees of [7, -20, 180]) {
    test(`reads text turned by ${degrees}°`, async () => {
      const lines = await linesOf(
        await pixelsOf(
          fixture("columns")
            .extract({ left: 0, top: 0, width: 300, height: 120 })
            .rotate(degrees, { background: "#fdf6e3" }),
        ),
      );
      assert.deepEqual(lines, texts.columns.slice(0, 4));
    });
  }

  test("reads small text and large text of a 3840×2160 screenshot", async () => {
    const screen = await collage(3840, 2160, [
      { name: "code-light", left: 90, top: 60 },
      { name: "heading", left: 1700, top: 900 },
      { name: "code-dark", left: 3200, top: 1980 },
    ]);
    const lines = await linesOf(screen);
    for (const text of [...texts["code-light"], ...texts.heading, ...texts["code-dark"]]) {
      assert.ok(
        lines.some((line) => errors(line, text) <= 1),
        `${text}\n\n${lines.join("\n")}`,
      );
    }
  });

  test("reads a long page in tiles, through their seams, in order", async () => {
    // 26 copies 110 apart: the seams of 2,980 rows cut through some of them.
    const parts = Array.from({ length: 26 }, (_, index) => ({
      name: "heading" as const,
      left: 20,
      top: 5 + index * 110,
    }));
    const lines = await ocr.read(await collage(560, 2980, parts));
    assert.deepEqual(
      lines.map(({ text }) => text),
      parts.map(() => texts.heading[0]),
    );
    const tops = lines.map(({ box }) => box[0]?.[1] ?? 0);
    assert.deepEqual(
      tops,
      [...tops].sort((a, b) => a - b),
    );
  });

  test("finds nothing in images without text, of any shape", async () => {
    for (const [width, height] of [
      [1, 1],
      [1, 10_000],
      [10_000, 1],
      [31, 33],
      [640, 480],
    ] as const) {
      assert.deepEqual(await ocr.read(blank(width, height)), [], `${width}×${height}`);
    }
  });

  test("reports progress up to all lines, and stops when cancelled", async () => {
    const image = await pixelsOf(fixture("code-dark"));
    const progress: [number, number][] = [];
    await ocr.read(image, undefined, (done, total) => progress.push([done, total]));
    const last = progress.at(-1);
    assert.ok(last !== undefined && last[0] === last[1] && progress.length > 1);

    const controller = new AbortController();
    let calls = 0;
    const reading = ocr.read(image, controller.signal, () => {
      calls++;
      controller.abort();
    });
    await assert.rejects(reading, (thrown) => thrown instanceof FailureError && thrown.failure.code === "cancelled");
    assert.equal(calls, 1);
  });

  test("lets timers run between batches", async () => {
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    await ocr.read(await pixelsOf(fixture("code-dark")));
    clearInterval(timer);
    assert.ok(ticks > 1, `${ticks} ticks`);
  });
});

describe("OCR without its networks", () => {
  const failure = (code: string) => (thrown: unknown) => thrown instanceof FailureError && thrown.failure.code === code;

  test("says which file is missing or damaged", async () => {
    const folder = await mkdtemp(path.join(os.tmpdir(), "ocr-"));
    try {
      await assert.rejects(Ocr.create({ threads: 1, modelFolder: folder }), failure("file-missing"));
      await copyFile(path.join(modelFolder, "characters.txt"), path.join(folder, "characters.txt"));
      await writeFile(path.join(folder, "detection.onnx"), "not a network");
      await assert.rejects(Ocr.create({ threads: 1, modelFolder: folder }), failure("runtime-failed"));
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

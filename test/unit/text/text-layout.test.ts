import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { textLayout, wordBuckets } from "../../../src/engine/text/text-layout";

/** What `training/kind_reader.py` computes; `training/tests/test_kind_reader.py` compares the same file. */
const examples = JSON.parse(readFileSync(path.join(__dirname, "text-layout.examples.json"), "utf8")) as {
  readonly size: readonly [number, number];
  readonly lines: readonly { readonly text: string; readonly box: readonly [number, number, number, number] }[];
  readonly buckets: readonly number[];
  readonly errors: number;
  readonly layout: readonly number[];
}[];

void describe("what words and their places say of an image's kind", () => {
  for (const [
    index,
    {
      size: [width, height],
      lines,
      errors,
      buckets,
      layout,
    },
  ] of examples.entries()) {
    void it(`is what training computes, example ${index + 1}`, () => {
      const boxed = lines.map(({ text, box: [left, top, right, bottom] }) => ({
        text,
        box: [
          [left, top],
          [right, top],
          [right, bottom],
          [left, bottom],
        ] as const,
      }));
      assert.deepEqual(
        wordBuckets(
          lines.map(({ text }) => text),
          4096,
        ),
        buckets,
      );
      const found = textLayout({ width, height, lines: boxed, errors });
      assert.equal(found.length, layout.length);
      for (const [i, value] of layout.entries()) assert.ok(Math.abs((found[i] ?? NaN) - value) < 1e-5, `number ${i}`);
    });
  }
});

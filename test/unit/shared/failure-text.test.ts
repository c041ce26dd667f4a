/** Failures in words: facts as people read them, and whole sentences whatever a library said. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { describeFailure, ended } from "../../../src/shared/failure-text";

test("what a library said ends before the advice begins", () => {
  const failure = { code: "image-damaged", image: "a.png", reason: "libpng read error" } as const;
  assert.equal(
    describeFailure(failure),
    "a.png is damaged: libpng read error. Choose another image, or save this one again as PNG.",
  );
  assert.equal(ended("It ended."), "It ended.");
  assert.equal(ended("Is it “so”"), "Is it “so”.");
  assert.equal(ended("He said “no.”"), "He said “no.”");
  assert.equal(ended("画像が壊れています: libpng"), "画像が壊れています: libpng。");
});

test("limits of pixels and tokens are no sizes of files", () => {
  const pixels = { code: "image-too-large", image: "a.png", pixels: 3_600_000_000, limit: 100_000_000 } as const;
  assert.match(describeFailure(pixels), /^a\.png has 3,600,000,000 pixels; at most 100,000,000 can be read\. /);
  const tokens = { code: "prompt-too-long", tokens: 5000, limit: 4096 } as const;
  assert.match(describeFailure(tokens), /needs 5000 tokens; this model takes 4096\. /);
  const file = { code: "file-too-large", file: "a.json", bytes: 2 ** 30, limit: 64e6 } as const;
  assert.equal(describeFailure(file), "a.json has 1.0 GiB; at most 61.0 MiB are read.");
});

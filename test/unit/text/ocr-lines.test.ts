import assert from "node:assert/strict";
import { test } from "node:test";
import { fitLines } from "../../../src/engine/text/ocr-lines";

const lines = ["title", "one", "two", "three", "four", "five", "the error"];

test("lines that fit are all kept, in order", () => {
  assert.deepEqual(
    fitLines(lines, 7, () => 1),
    { kept: lines, tokens: 7 },
  );
});

test("a long text loses its middle: two lines of the head for each of the tail", () => {
  assert.deepEqual(
    fitLines(lines, 4, () => 1),
    { kept: ["title", "one", "two", "the error"], tokens: 4 },
  );
  assert.deepEqual(fitLines(lines, 2, () => 1).kept, ["title", "the error"]);
});

test("nothing is kept where there is no room, and a line is never cut", () => {
  assert.deepEqual(
    fitLines(["a long line"], 3, (line) => line.length),
    { kept: [], tokens: 0 },
  );
  assert.deepEqual(
    fitLines([], 3, () => 1),
    { kept: [], tokens: 0 },
  );
});

test("the room is never overdrawn", () => {
  for (let room = 0; room < 60; room++) {
    const { kept, tokens } = fitLines(lines, room, (line) => line.length);
    assert.ok(tokens <= room);
    assert.equal(
      tokens,
      kept.reduce((n, line) => n + line.length, 0),
    );
  }
});

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { endsInLoop } from "../../../src/engine/text/loops";

const repeated = (tokens: readonly number[], times: number): number[] =>
  Array.from({ length: times }, () => tokens).flat();

describe("endsInLoop", () => {
  test("tells the same few tokens many times in a row", () => {
    assert.ok(endsInLoop([1, 2, 3, ...repeated([7], 31)]));
    assert.ok(endsInLoop([1, 2, 3, ...repeated([7, 8], 16)]));
    assert.ok(endsInLoop([1, 2, 3, ...repeated([...Array(24).keys()], 4)]));
  });

  test("leaves what repeats a few times, or with differences", () => {
    assert.ok(!endsInLoop([]));
    assert.ok(!endsInLoop(repeated([7], 30)));
    assert.ok(!endsInLoop(repeated([...Array(24).keys()], 3)));
    assert.ok(!endsInLoop([...repeated([7, 8], 40), 9]));
    assert.ok(!endsInLoop(Array.from({ length: 400 }, (_, index) => (index % 10 === 9 ? index : index % 10))));
  });
});

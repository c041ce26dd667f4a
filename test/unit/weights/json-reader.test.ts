import assert from "node:assert/strict";
import { test } from "node:test";
import { DuplicateMemberError, JsonError, JsonReader } from "../../../src/engine/weights/json-reader";

const skip = (text: string): void => {
  const reader = new JsonReader(Buffer.from(text));
  reader.skip();
  reader.end();
};

test("what JSON.parse takes is passed over, what it refuses is refused", () => {
  const good = [
    "{}",
    "[]",
    ' {"a" : [1, -2.5e+3, true, false, null, "x\\"y\\\\", {"b":{}}]} \n',
    '"\\u00e9é"',
    "0",
    "-0.0",
  ];
  for (const text of good) {
    JSON.parse(text);
    skip(text);
  }
  const bad = [
    "",
    "{",
    "[1,]",
    '{"a":1,}',
    '{"a"}',
    "{a:1}",
    "01",
    "1.",
    "+1",
    "nul",
    "truefalse",
    '"a',
    '"\n"',
    "[1 2]",
  ];
  for (const text of [...bad, "{}{}", "'a'", "[", '{"a":1 "b":2}', "NaN", "1e", '"\\']) {
    assert.throws(() => JSON.parse(text) as unknown, SyntaxError, text);
    assert.throws(
      () => {
        skip(text);
      },
      JsonError,
      text,
    );
  }
});

test("texts are those of JSON.parse, escapes and all", () => {
  for (const text of ['""', '"a.b"', '"é€😀"', '"\\n\\u0041\\ud83d\\ude00\\/"', '"\\\\\\""']) {
    assert.equal(new JsonReader(Buffer.from(text)).text(), JSON.parse(text));
  }
  assert.throws(() => new JsonReader(Buffer.from('"\\x"')).text(), JsonError);
});

test("counts are whole numbers that a double holds", () => {
  const count = (text: string): number => new JsonReader(Buffer.from(text)).count();
  assert.equal(count(" 0"), 0);
  assert.equal(count("9007199254740991"), Number.MAX_SAFE_INTEGER);
  for (const text of ["-1", "1.0", "1e3", "9007199254740992", "9".repeat(400), '"1"', "", "null"]) {
    assert.throws(() => count(text), JsonError, text);
  }
});

test("a name that comes twice is refused, however it is written", () => {
  const read = (text: string): void => {
    const reader = new JsonReader(Buffer.from(text));
    reader.object(() => {
      reader.skip();
    });
  };
  read('{"a":1,"b":1}');
  assert.throws(
    () => {
      read('{"a":1,"\\u0061":2}');
    },
    (thrown) => thrown instanceof DuplicateMemberError && thrown.member === "a",
  );
});

test("nesting without end is refused, not followed", () => {
  for (const open of ["[", '{"a":']) {
    assert.throws(() => {
      skip(open.repeat(1_000_000));
    }, JsonError);
  }
});

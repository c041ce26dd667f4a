/** Names of saved pictures: safe on every file system, whatever the prompt says. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { freeName, isPortableName, stemOf } from "../../../src/extension/illustrate/picture-name";

describe("names from prompts", () => {
  for (const [prompt, expected] of [
    ["A red Rocket, flat!", "a-red-rocket-flat"],
    ["../../etc/passwd", "etc-passwd"],
    ["..", "illustration"],
    ["C:\\Windows\\system32", "c-windows-system32"],
    ["CON", "picture-con"],
    ["nul", "picture-nul"],
    ["Lpt1", "picture-lpt1"],
    ["com¹", "picture-com¹"],
    ["console", "console"],
    ["🚀🚀", "illustration"],
    ["rocket 🚀 at night", "rocket-at-night"],
    ["👩‍🚀 in space", "in-space"],
    ["", "illustration"],
    ["  \n\t ", "illustration"],
    ["火箭图标", "火箭图标"],
    ["ロケット、夜空", "ロケット-夜空"],
    ["cafe\u0301", "café"],
    ["a\u0000b\u202Egnp.exe", "a-b-gnp-exe"],
  ] as const) {
    test(JSON.stringify(prompt), () => {
      assert.equal(stemOf(prompt), expected);
      assert.ok(isPortableName(`${stemOf(prompt)}.png`));
    });
  }

  test("long prompts end after a word, long words between characters", () => {
    assert.equal(stemOf("word ".repeat(100)), "word-".repeat(12).slice(0, -1));
    assert.equal(stemOf("a".repeat(300)), "a".repeat(60));
    assert.equal(stemOf("\u{20BB7}".repeat(300)), "\u{20BB7}".repeat(30));
    assert.equal(stemOf("e\u0323\u0302x".repeat(300)).length <= 60, true);
    assert.ok(isPortableName(`${stemOf("漢".repeat(300))}.png`));
  });

  test("a lone half of a character is left out", () => {
    assert.equal(stemOf("a\uD83D b"), "a-b");
  });
});

describe("free names", () => {
  const takenOf =
    (...names: string[]) =>
    (name: string): Promise<boolean> =>
      Promise.resolve(names.includes(name));

  test("the first that is not there", async () => {
    assert.equal(await freeName("owl", "png", takenOf()), "owl.png");
    assert.equal(await freeName("owl", "png", takenOf("owl.webp")), "owl.png");
    assert.equal(await freeName("owl", "png", takenOf("owl.png", "owl-2.png")), "owl-3.png");
  });

  test("the search ends", async () => {
    assert.equal(await freeName("owl", "png", () => Promise.resolve(true)), "owl-1000.png");
  });
});

describe("names that people choose", () => {
  for (const name of ["owl.png", "my owl (2).webp", "フクロウ.png", ".hidden.png", `${"a".repeat(251)}.png`]) {
    test(`${name.slice(0, 20)} can be a file`, () => {
      assert.ok(isPortableName(name));
    });
  }
  for (const name of [
    "",
    ".",
    "..",
    "con.png",
    "AUX",
    "a/b.png",
    "a\\b.png",
    "a:b.png",
    "a?.png",
    "a\u0007.png",
    "owl.png.",
    "owl.png ",
    " owl.png",
    `${"a".repeat(296)}.png`,
    `${"漢".repeat(100)}.png`,
  ]) {
    test(`${JSON.stringify(name.slice(0, 20))} cannot`, () => {
      assert.ok(!isPortableName(name));
    });
  }
});

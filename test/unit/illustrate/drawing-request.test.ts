/** What asks for a picture, and what only speaks of one; in the three languages of the interface. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { drawingRequest, pointsElsewhere } from "../../../src/extension/illustrate/drawing-request";
import type { StyleName } from "../../../src/shared/illustration-protocol";

describe("asking for a new picture", () => {
  for (const [text, subject, style] of [
    ["draw a red rocket", "a red rocket", undefined],
    ["Please draw me an owl as an icon", "an owl", "icon"],
    ["can you sketch a cat in flat style?", "a cat", "flat"],
    ["make an icon of a rocket", "an icon of a rocket", "icon"],
    ["generate a banner for our README", "a banner for our README", "banner"],
    ["Give me a picture of two owls", "two owls", undefined],
    ["I want a logo with a fox", "a logo with a fox", undefined],
    ["redraw this as an icon", "this", "icon"],
    ["turn this screenshot into a line drawing", "this screenshot", "line"],
    ["illustrate this diagram", "this diagram", undefined],
    ["画一只猫", "猫", undefined],
    ["帮我画一个火箭图标", "火箭", "icon"],
    ["生成一张蓝色的横幅", "蓝色", "banner"],
    ["猫の絵を描いて", "猫", undefined],
    ["ロケットのアイコンを作ってください", "ロケット", "icon"],
  ] as const satisfies readonly (readonly [string, string, StyleName | undefined])[]) {
    test(text, () => {
      assert.deepEqual(drawingRequest(text, false), { subject, style, change: false });
      assert.deepEqual(drawingRequest(text, true), { subject, style, change: false });
    });
  }
});

describe("changing the picture before", () => {
  for (const [text, subject, style] of [
    ["now as an icon", "", "icon"],
    ["Same again, but blue", "blue", undefined],
    ["Same again, but with a hat", "with a hat", undefined],
    ["make it green", "green", undefined],
    ["but in flat style", "", "flat"],
    ["make it an icon", "", "icon"],
    ["turn it into a banner", "", "banner"],
    ["now isometric", "", "isometric"],
    ["without the moon", "without the moon", undefined],
    ["another one", "", undefined],
    ["again", "", undefined],
    ["改成图标", "", "icon"],
    ["换成蓝色", "蓝色", undefined],
    ["今度はアイコンにして", "", "icon"],
    ["青にして", "青", undefined],
  ] as const satisfies readonly (readonly [string, string, StyleName | undefined])[]) {
    test(text, () => {
      assert.deepEqual(drawingRequest(text, true), { subject, style, change: true });
      // With an image in the chat, "it" is that image; all else means nothing without a picture.
      if (!text.startsWith("turn it")) assert.equal(drawingRequest(text, false), undefined);
    });
  }
});

describe("words wanted", () => {
  for (const text of [
    "",
    "Explain this image.",
    "what conclusions can you draw?",
    "draw a conclusion from this chart",
    "draw this as mermaid",
    "draw on the whiteboard is what I see, right?",
    "make a table of this image",
    "create an image description",
    "create an image component in React",
    "show me an example of the icon",
    "show me the image size",
    "give me an icon font",
    "make the image smaller",
    "what is this?",
    "now explain it",
    "how do I add an icon to my extension?",
    "thanks",
    "画面里有什么",
    "解释这张图片",
    "この画像を説明して",
    "draw ".repeat(1000),
  ]) {
    test(JSON.stringify(text.slice(0, 50)), () => {
      assert.equal(drawingRequest(text, false), undefined);
      if (text !== "make the image smaller") assert.equal(drawingRequest(text, true), undefined);
    });
  }
});

test("words that point at what was said or shown", () => {
  const texts = [
    "this",
    "that screenshot",
    "the image above",
    "",
    "这张图",
    "このグラフ",
    "a rocket",
    "the moon",
    "猫",
  ];
  assert.deepEqual(
    texts.map((text) => pointsElsewhere(text)),
    [true, true, true, true, true, true, false, false, false],
  );
});

test("long texts end quickly", () => {
  const start = performance.now();
  for (const text of ["please ".repeat(280), `make a ${"a-".repeat(900)}`, "画".repeat(1900), "an ".repeat(600)]) {
    drawingRequest(text, true);
  }
  assert.ok(performance.now() - start < 200);
});

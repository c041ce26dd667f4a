import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ReplyParser, type ReplyPart } from "../../../src/engine/text/reply";
import { stopTextsOf, StopText } from "../../../src/engine/text/stop";
import { RandomValues } from "./random";

/** The parts of a reply that came in pieces, neighbouring text as one. */
function parse(pieces: readonly string[]): ReplyPart[] {
  const parser = new ReplyParser();
  const parts = [...pieces.flatMap((piece) => parser.push(piece)), ...parser.end()];
  const joined: ReplyPart[] = [];
  for (const part of parts) {
    const last = joined.at(-1);
    if (part.kind === "text" && last?.kind === "text") joined[joined.length - 1] = text(last.text + part.text);
    else joined.push(part);
  }
  return joined;
}

const text = (value: string): ReplyPart => ({ kind: "text", text: value });
const prompt = (value: string): ReplyPart => ({ kind: "image-prompt", prompt: value });

const replies: readonly (readonly [reply: string, parts: readonly ReplyPart[]])[] = [
  ["plain", [text("plain")]],
  ["", []],
  ["Here: <h>a red cat</h> done", [text("Here: "), prompt("a red cat"), text(" done")]],
  ["<h>a</h><h>b</h>", [prompt("a"), prompt("b")]],
  ["<h> spaced </h>", [prompt("spaced")]],
  ["x <GEN> y<GEN>", [text("x  y")]],
  ["<h>never closed", [text("<h>never closed")]],
  ["</h> alone", [text("</h> alone")]],
  ["<h>first<h>second</h>", [text("<h>first"), prompt("second")]],
  ["a <h></h> b", [text("a  b")]],
  ["1 < 2 and <header> </h", [text("1 < 2 and <header> </h")]],
  ["<", [text("<")]],
  ["<GE", [text("<GE")]],
  ["<h>" + "long ".repeat(2000), [text("<h>" + "long ".repeat(2000))]],
];

describe("what a reply asks to be drawn", () => {
  for (const [reply, parts] of replies) {
    test(JSON.stringify(reply.slice(0, 40)), () => {
      assert.deepEqual(parse([reply]), parts);
      assert.deepEqual(parse(Array.from(reply)), parts, "letter by letter");
      for (let seed = 0; seed < 20; seed++) assert.deepEqual(parse(new RandomValues(seed).cut(reply)), parts);
    });
  }

  test("text that can't become a marker is given at once", () => {
    const parser = new ReplyParser();
    assert.deepEqual(parser.push("hello <"), [text("hello ")]);
    assert.deepEqual(parser.push("b"), [text("<b")]);
  });

  test("a million marker beginnings take bounded time", () => {
    const start = performance.now();
    for (const reply of ["<h>".repeat(300_000), "<GEN>".repeat(200_000), "<h>x</h>".repeat(100_000)]) {
      const parser = new ReplyParser();
      for (let at = 0; at < reply.length; at += 1000) parser.push(reply.slice(at, at + 1000));
      parser.end();
    }
    assert.ok(performance.now() - start < 5000);
  });
});

/** The text before a stop text, and whether one came. */
function stop(stops: readonly string[], pieces: readonly string[]): readonly [string, boolean] {
  const stopText = new StopText(stops);
  let shown = "";
  for (const piece of pieces) {
    const { text: more, stopped } = stopText.push(piece);
    shown += more;
    if (stopped) return [shown, true];
  }
  return [shown + stopText.end(), false];
}

describe("stop texts", () => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ["no stop", "no stop", false],
    ["before</s>after", "before", true],
    ["almost </ s> </", "almost </ s> </", false],
    ["</s>", "", true],
    ["<</s>", "<", true],
    ["a<|im_end|>b</s>", "a", true],
    ["", "", false],
  ];
  for (const [answer, shown, stopped] of cases) {
    test(JSON.stringify(answer), () => {
      for (let seed = 0; seed < 20; seed++) {
        const pieces = new RandomValues(seed).cut(answer);
        assert.deepEqual(stop(["</s>", "<|im_end|>", ""], pieces), [shown, stopped]);
      }
    });
  }

  test("nothing follows a stop text", () => {
    const stopText = new StopText(["END"]);
    assert.deepEqual(stopText.push("xEND y"), { text: "x", stopped: true });
    assert.deepEqual(stopText.push("z"), { text: "", stopped: true });
    assert.equal(stopText.end(), "");
  });

  test("only what may begin a stop text is held back", () => {
    const stopText = new StopText(["</s>"]);
    assert.deepEqual(stopText.push("a</"), { text: "a", stopped: false });
    assert.deepEqual(stopText.push("b"), { text: "</b", stopped: false });
  });

  test("a separator that the tokenizer ends with is no stop text", () => {
    const tokenizer = { tokenOf: (marker: string) => (marker === "</s>" ? 2 : undefined), endTokens: [2] };
    assert.deepEqual(stopTextsOf("vicuna_v1", tokenizer), []);
    assert.deepEqual(stopTextsOf("chatml_direct", tokenizer), ["<|im_end|>"]);
    assert.deepEqual(stopTextsOf("vicuna_v1", { ...tokenizer, endTokens: [7] }), ["</s>"]);
  });
});

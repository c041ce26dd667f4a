import assert from "node:assert/strict";
import path from "node:path";
import { describe, test } from "node:test";
import { TextStream } from "../../../src/engine/text/stream";
import { loadTokenizer, type Tokenizer } from "../../../src/engine/text/tokenizer";
import { RandomValues } from "./random";

const checkpoints = path.join(import.meta.dirname, "../../golden/fixtures/mgm/checkpoints");
const names = ["MGM-2B", "MGM-7B", "MGM-8B", "MGM-8x7B", "MGM-34B"] as const;
const load = (name: string): Promise<Tokenizer> => loadTokenizer(path.join(checkpoints, name));

const fragments = [
  "the ",
  " image",
  "  ",
  "\n",
  "\t",
  "é",
  "漢字",
  "🙂",
  "👩‍👧",
  "e\u0301",
  "\u0000",
  "\uFEFF",
  "x",
  "<",
  "</s>",
];

function streamed(tokenizer: Tokenizer, ids: readonly number[]): string[] {
  const stream = new TextStream(tokenizer);
  return [...ids.map((id) => stream.push(id)), stream.end()];
}

for (const name of names) {
  describe(name, () => {
    test("streams what it decodes, whole characters only", async () => {
      const tokenizer = await load(name);
      const random = new RandomValues(17);
      for (let round = 0; round < 400; round++) {
        const text = random.list(1 + random.integer(12), () => random.among(fragments)).join("");
        const ids = tokenizer.encode(text, { plain: true });
        const parts = streamed(tokenizer, ids);
        assert.equal(parts.join(""), tokenizer.decode(ids));
        assert.ok(!parts.join("").includes("\uFFFD"), text);
        for (const part of parts) assert.doesNotMatch(part, /\p{Surrogate}/u, "no character was split");
      }
    });

    test("encoding and decoding gives the text back", async () => {
      const tokenizer = await load(name);
      const random = new RandomValues(5);
      for (let round = 0; round < 400; round++) {
        const text = "a" + random.list(random.integer(12), () => random.among(fragments)).join("");
        assert.equal(tokenizer.decode(tokenizer.encode(text, { plain: true })), text);
      }
    });

    test("any tokens at all give the same at once and streamed", async () => {
      const tokenizer = await load(name);
      const random = new RandomValues(23);
      for (let round = 0; round < 400; round++) {
        // Byte tokens are likely, and ids beyond the vocabulary happen.
        const ids = random.list(random.integer(30), () =>
          random.integer(random.among([270, tokenizer.vocabularySize + 5])),
        );
        const parts = streamed(tokenizer, ids);
        assert.equal(parts.join(""), tokenizer.decode(ids));
        for (const part of parts) assert.doesNotMatch(part, /\p{Surrogate}/u);
      }
    });

    test("special tokens say nothing", async () => {
      const tokenizer = await load(name);
      const ids = tokenizer.encode("one two", { plain: true });
      const special = [...tokenizer.endTokens, tokenizer.beginToken ?? 0];
      assert.equal(tokenizer.decode([...special, ...ids, ...special]), tokenizer.decode(ids));
    });
  });
}

test("a character of several tokens comes with its last one", async () => {
  const tokenizer = await load("MGM-7B");
  const ids = tokenizer.encode("x🙂y", { plain: true });
  const parts = streamed(tokenizer, ids);
  assert.equal(parts.filter((part) => part.includes("🙂")).length, 1);
  assert.equal(parts.join(""), "x🙂y");
});

test("a character that breaks off is marked at the end", async () => {
  for (const name of names) {
    const tokenizer = await load(name);
    const ids = tokenizer.encode("x🙂", { plain: true });
    const parts = streamed(tokenizer, ids.slice(0, -1));
    assert.match(parts.join(""), /^x\uFFFD+$/);
  }
});

test("broken bytes are marked as each kind of tokenizer does it", async () => {
  const broken = [0xf0, 0x9f, 0x41].map((byte) => `<0x${byte.toString(16).toUpperCase()}>`);
  const slow = await load("MGM-7B");
  const fast = await load("MGM-8x7B");
  const bytes = (tokenizer: Tokenizer): number[] =>
    broken.map((spelled) => {
      const byte = Number.parseInt(spelled.slice(3, 5), 16);
      for (let id = 0; id < tokenizer.vocabularySize; id++) {
        if (tokenizer.isByte(id) && tokenizer.bytesOf(id)[0] === byte) return id;
      }
      return assert.fail(`no ${spelled}`);
    });
  // SentencePiece keeps what is whole; tokenizers gives the whole run up.
  assert.equal(slow.decode(bytes(slow)), "\uFFFD\uFFFDA");
  assert.equal(fast.decode(bytes(fast)), "\uFFFD\uFFFD\uFFFD");
});

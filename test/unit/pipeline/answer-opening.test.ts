import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { namedKind, openAnswer, openingOf } from "../../../src/engine/pipeline/answer-opening";
import { FailureError } from "../../../src/shared/failure";

describe("the opening of an answer", () => {
  for (const question of [
    "Explain this image.",
    "Describe this image.",
    "What is in this image?",
    "What does this screenshot show?",
    "Explain what you see.",
    "Summarise the image.",
    "What am I looking at?",
    "Can you explain this picture?",
    "Explain this image in a few sentences.",
    "What is this?",
    "Tell me about this image.",
    "Describe what is shown here.",
    "explain",
    "What can you see?",
    "Explain this image: what kind it is, what it shows, and the important details.",
    "What is going on in this picture?",
  ]) {
    test(`says what the image is where that is asked: ${question}`, () => {
      assert.equal(openingOf(question, "chart"), "This image is a chart");
    });
  }

  test("names the kind where that is asked", () => {
    assert.equal(openingOf("What kind of image is this?", "ui"), "It is a user interface (UI)");
  });

  for (const question of [
    "What is the error and how do I fix it?",
    "Describe this image in one short sentence.",
    "Explain this error.",
    "What is this function for?",
    "Convert this diagram to Mermaid.",
    "Draw this image again.",
    "What does this function show?",
    "",
  ]) {
    test(`is the model's own for any other question: ${question}`, () => {
      assert.equal(openingOf(question, "chart"), undefined);
    });
  }

  test("knows the kind that a text names first", () => {
    assert.equal(namedKind("This image is a screenshot of Rust code in a terminal."), "code");
    assert.equal(namedKind("It shows a settings page of a user interface."), "document");
    assert.equal(namedKind("This is nice."), undefined);
  });
});

/** A model that says one word after another, whatever it is given; tokens are the words' numbers. */
function model(words: readonly string[]) {
  const vocabulary = ["<end>", ...new Set([...words, "It", "is", "a", "chart"])];
  const script = words.map((word) => vocabulary.indexOf(word));
  const run: number[][] = [];
  const cache = {
    length: 5,
    truncate(length: number): void {
      cache.length = length;
    },
  };
  const logits = (position: number): Float32Array => {
    const row = new Float32Array(vocabulary.length);
    row[script[position - 5] ?? 0] = 1;
    return row;
  };
  const fake = {
    language: {
      cache,
      run: ({ identities }: { identities: readonly number[] }) => {
        run.push([...identities]);
        cache.length += identities.length;
        return Promise.resolve([logits(cache.length)]);
      },
    },
    embeddings: { rows: (ids: readonly number[]) => new Float32Array(ids.length) },
    tokenizer: {
      endTokens: [0],
      encode: (text: string) => text.split(" ").map((word) => vocabulary.indexOf(word)),
      decode: (ids: readonly number[]) => ids.map((id) => vocabulary[id]).join(" "),
    },
  };
  return { fake: fake as unknown as Parameters<typeof openAnswer>[0], cache, run, first: logits(5), vocabulary };
}

describe("openAnswer", () => {
  const opening = "It is a chart";

  test("keeps the model's own words where they name the kind", async () => {
    const { fake, cache, first, vocabulary } = model(["A", "bar", "chart", "of", "sales"]);
    const { tokens } = await openAnswer(fake, first, "chart", opening, 100, undefined);
    assert.deepEqual(
      tokens.map((token) => vocabulary[token]),
      ["A", "bar", "chart"],
    );
    assert.equal(cache.length, 8);
  });

  for (const words of [["A", "table", "of", "sales"], ["Nothing"], ["A", "thing"]]) {
    test(`begins the answer where the model says: ${words.join(" ")}`, async () => {
      const { fake, cache, first, run, vocabulary } = model(words);
      const { tokens } = await openAnswer(fake, first, "chart", opening, 100, undefined);
      assert.equal(tokens.map((token) => vocabulary[token]).join(" "), opening);
      assert.deepEqual(run.at(-1), tokens);
      assert.equal(cache.length, 5 + tokens.length);
    });
  }

  test("is no longer than the answer may be", async () => {
    const { fake, first } = model(["A", "table"]);
    assert.equal((await openAnswer(fake, first, "chart", opening, 2, undefined)).tokens.length, 2);
  });

  test("is cancelled between tokens", async () => {
    const { fake, first } = model(["A", "table"]);
    await assert.rejects(
      openAnswer(fake, first, "chart", opening, 100, AbortSignal.abort()),
      (thrown) => thrown instanceof FailureError && thrown.failure.code === "cancelled",
    );
  });
});

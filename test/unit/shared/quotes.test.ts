import assert from "node:assert/strict";
import { test } from "node:test";
import {
  asksForKnownError,
  asksForVisibleText,
  fenced,
  knownErrorHeading,
  ownWords,
  withoutAdditions,
} from "../../../src/shared/quotes";

test("an answer that ends with the mark asks for the quote, one that mentions it does not", () => {
  assert.equal(asksForVisibleText("A terminal.\nVisible text:"), true);
  assert.equal(asksForVisibleText("A terminal.\nVisible text: \n"), true);
  assert.equal(asksForVisibleText("Visible text: is a mark."), false);
});

test("text of an image cannot close its own fence", () => {
  const block = fenced(["```", "````js", "let x", "# not a heading"]);
  const [first = "", ...rest] = block.split("\n");
  assert.equal(first, "`````text");
  assert.deepEqual(rest, ["```", "````js", "let x", "# not a heading", "`````"]);
  assert.equal(fenced(["plain"]), "```text\nplain\n```");
});

test("the quote is taken off again, with and without its mark", () => {
  const answer = `A terminal.\nVisible text:\n${fenced(["npm test", "Visible text:", "1 failed"])}`;
  assert.equal(withoutAdditions(answer), "A terminal.\nVisible text:");
  assert.equal(ownWords(answer), "A terminal.");
  assert.equal(ownWords(`Visible text:\n${fenced(["a"])}`), "");
  assert.equal(ownWords("A sign. Visible text: none."), "A sign. Visible text: none.");
  assert.equal(withoutAdditions("No quote."), "No quote.");
});

const note = "**Port already in use**: Another process listens. Fix: Stop it.";

test("an explanation of a known error is asked for by the mark alone on the last line", () => {
  assert.equal(asksForKnownError("A terminal.\nKnown error:"), true);
  assert.equal(asksForKnownError("Known error: \n"), true);
  assert.equal(asksForKnownError("The known error:"), false);
  assert.equal(asksForKnownError("Known error: a port."), false);
});

test("an explanation can be taken off again, asked for or not, alone or below a quote", () => {
  const asked = `A terminal.\nKnown error:\n${note}`;
  assert.equal(withoutAdditions(asked), "A terminal.\nKnown error:");
  assert.equal(ownWords(asked), "A terminal.");
  const unasked = `A terminal.\n\n${knownErrorHeading}\n${note}`;
  assert.equal(withoutAdditions(unasked), "A terminal.");
  assert.equal(ownWords(unasked), "A terminal.");
  const quoted = `A terminal.\nVisible text:\n${fenced(["Known error:", "x"])}\n\n${knownErrorHeading}\n${note}`;
  assert.equal(withoutAdditions(quoted), "A terminal.\nVisible text:");
  assert.equal(ownWords(quoted), "A terminal.");
  assert.equal(ownWords("A known error: none."), "A known error: none.");
  assert.equal(withoutAdditions("Kept as it is.\n"), "Kept as it is.\n");
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { asksForVisibleText, fenced, ownWords, withoutQuote } from "../../../src/shared/visible-text";

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
  assert.equal(withoutQuote(answer), "A terminal.\nVisible text:");
  assert.equal(ownWords(answer), "A terminal.");
  assert.equal(ownWords(`Visible text:\n${fenced(["a"])}`), "");
  assert.equal(ownWords("A sign. Visible text: none."), "A sign. Visible text: none.");
  assert.equal(withoutQuote("No quote."), "No quote.");
});

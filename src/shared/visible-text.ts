/**
 * Quoting what stands in an image. The starter does not copy text itself: its answer ends with a mark, and the engine
 * writes what the recogniser read after it, in a fence. See `training/tasks.py`.
 */

/** The last line of an answer that quotes the image. */
export const visibleTextMark = "Visible text:";

/** `lines` as a fenced block that nothing in them can close. */
export function fenced(lines: readonly string[]): string {
  const longest = Math.max(0, ...lines.map((line) => /^\s*(`+)/.exec(line)?.[1]?.length ?? 0));
  const fence = "`".repeat(Math.max(3, longest + 1));
  return [`${fence}text`, ...lines, fence].join("\n");
}

/** Whether an answer ends with the mark, so that the quote is still to come. */
export const asksForVisibleText = (answer: string): boolean => answer.trimEnd().endsWith(visibleTextMark);

/** The answer up to its mark, as the model wrote it. */
export function withoutQuote(answer: string): string {
  const at = quoteAt(answer);
  return at < 0 ? answer : answer.slice(0, at + visibleTextMark.length);
}

/** The answer in the model's own words: neither mark nor quote. Empty where it only quotes. */
export function ownWords(answer: string): string {
  const at = quoteAt(answer);
  return (at < 0 ? answer : answer.slice(0, at)).trim();
}

function quoteAt(answer: string): number {
  const at = answer.search(/(?:^|\n)Visible text:\s*(?:\n`{3,}text\n|$)/);
  return at < 0 ? -1 : answer.indexOf(visibleTextMark, at);
}

/**
 * What stands below an answer without being the model's own: text quoted from the image, and known errors explained from
 * the built-in list. The starter does not write either: its answer ends with a mark, and the engine writes what belongs
 * below it. See `training/prompts.py`.
 */

/** The last line of an answer that quotes the image. */
export const visibleTextMark = "Visible text:";

/** The last line of an answer below which the built-in list explains the error; also told in the prompt. */
export const knownErrorMark = "Known error:";

/** Stands above an explanation that the model did not ask for, so that nobody takes it for the model's. */
export const knownErrorHeading = "Known error (from the built-in list):";

/** `lines` as a fenced block that nothing in them can close. */
export function fenced(lines: readonly string[]): string {
  const longest = Math.max(0, ...lines.map((line) => /^\s*(`+)/.exec(line)?.[1]?.length ?? 0));
  const fence = "`".repeat(Math.max(3, longest + 1));
  return [`${fence}text`, ...lines, fence].join("\n");
}

/** Whether an answer ends with the mark, so that the quote is still to come. */
export const asksForVisibleText = (answer: string): boolean => answer.trimEnd().endsWith(visibleTextMark);

/** Whether an answer ends with the mark alone on its last line, so that the explanation is still to come. */
export const asksForKnownError = (answer: string): boolean => /(?:^|\n)Known error:\s*$/.test(answer);

/** The answer as the model wrote it: up to its mark, or to what was put below it. */
export function withoutAdditions(answer: string): string {
  const { at, mark } = additionsOf(answer);
  if (at === answer.length) return answer;
  return mark === "" ? answer.slice(0, at).trimEnd() : answer.slice(0, at + mark.length);
}

/** The answer in the model's own words: neither mark nor anything below it. Empty where it only quotes. */
export function ownWords(answer: string): string {
  return answer.slice(0, additionsOf(answer).at).trim();
}

/** Where the mark or the heading stands that the additions begin with; the answer's end where it has none. */
function additionsOf(answer: string): { readonly at: number; readonly mark: string } {
  const found =
    /(?:^|\n)(Visible text:)\s*(?:\n`{3,}text\n|$)|(?:^|\n)(Known error:)[^\S\n]*(?:\n|$)|(?:^|\n)Known error \(from the built-in list\):\n/.exec(
      answer,
    );
  if (found === null) return { at: answer.length, mark: "" };
  return { at: found.index + (found[0].startsWith("\n") ? 1 : 0), mark: found[1] ?? found[2] ?? "" };
}

/** What the engine writes below an answer of the starter: text quoted from the images, errors of the built-in list. */
import { asksForKnownError, asksForVisibleText, fenced, knownErrorHeading, visibleTextMark } from "../../shared/quotes";
import type { KnownError } from "../text/known-errors";

export interface AdditionsOptions {
  /** Lines read in the images that the answer is about. */
  readonly lines: readonly string[];
  /** Errors of the list that were found in them. */
  readonly errors: readonly KnownError[];
  /** The question was what an error means: the list's answer belongs below even where the model left it out. */
  readonly asksAboutError: boolean;
}

/** Whether a question in English is about what went wrong; front ends that know it say so themselves. */
export const asksAboutError = (question: string): boolean =>
  /\b(?:errors?|exceptions?|fix(?:ed)?|fails?|failed|failing|failure|wrong|crash(?:ed|es)?|broken|solve|resolve)\b/i.test(
    question,
  );

/** What follows an answer that was stopped while it repeated itself: what was read says more than it did. */
export const endOfLoop = (answer: string): string =>
  answer.split("```").length % 2 === 0 ? "\n```" : `…\n${visibleTextMark}`;

/** What follows the answer; "" where nothing does. */
export function additionsTo(answer: string, { lines, errors, asksAboutError }: AdditionsOptions): string {
  const note = errors.map(({ name, cause, fix }) => `**${name}**: ${cause} Fix: ${fix}`).join("\n\n");
  const below = note === "" ? "" : `\n\n${knownErrorHeading}\n${note}`;
  if (asksForVisibleText(answer)) {
    const quote = lines.length === 0 ? "" : `\n${fenced(lines)}`;
    return answer.trim() === visibleTextMark ? quote : quote + below;
  }
  if (asksForKnownError(answer)) return note === "" ? "\nThe built-in list has none for this text." : `\n${note}`;
  return asksAboutError ? below : "";
}

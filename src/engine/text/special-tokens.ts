/**
 * Special tokens are found in what a template wrote, never in what people, files or images say.
 *
 * A piece of a prompt is encoded as one text, as the reference does, so that token boundaries come out the same. What
 * differs is only where special tokens are looked for: each marker in a control segment is exchanged for a stand-in
 * made of a lone surrogate, which no text from outside can hold, because lone surrogates are replaced by U+FFFD first.
 * Tokenizers then know the stand-ins instead of the markers. Text that holds no marker gets exactly the reference's
 * ids; a marker typed by a person is spelled out with ordinary tokens.
 *
 * What cannot be told apart by tokens stays as it is: `USER:` and `[INST]` are ordinary text in the reference, too.
 */
import type { AddedToken } from "./tokenizer-config";

export interface TextSegment {
  readonly text: string;
  /** True for text from outside, in which markers mean nothing. */
  readonly plain: boolean;
}

const fence = "\uDFFF";

/** What stands for a special token in a marked text. */
export const standIn = (id: number): string => `${fence}${id}${fence}`;

/** Splits a marked text at its stand-ins: text, id, text, id, … text. */
export function* markedParts(marked: string): Generator<string | number> {
  for (const [index, part] of marked.split(fence).entries()) {
    if (index % 2 === 1) yield Number(part);
    else if (part !== "") yield part;
  }
}

export class SpecialTokens {
  readonly #ids: ReadonlyMap<string, number>;
  readonly #pattern: RegExp | undefined;

  constructor(tokens: readonly AddedToken[]) {
    this.#ids = new Map(tokens.map(({ content, id }) => [content, id]));
    // The longest marker wins, as in the tries of transformers and tokenizers.
    const markers = [...this.#ids.keys()].sort((a, b) => b.length - a.length);
    const escaped = markers.map((marker) => marker.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&"));
    this.#pattern = escaped.length > 0 ? new RegExp(escaped.join("|"), "g") : undefined;
  }

  idOf(marker: string): number | undefined {
    return this.#ids.get(marker);
  }

  /** One text of all segments, in which stand-ins mark the special tokens. */
  mark(segments: readonly TextSegment[]): string {
    const runs: { text: string; plain: boolean }[] = [];
    for (const { text, plain } of segments) {
      const last = runs.at(-1);
      if (last?.plain === plain) last.text += text;
      else runs.push({ text, plain });
    }
    return runs.map(({ text, plain }) => (plain ? wellFormed(text) : this.#markRun(wellFormed(text)))).join("");
  }

  #markRun(text: string): string {
    if (this.#pattern === undefined) return text;
    return text.replace(this.#pattern, (marker) => standIn(this.#ids.get(marker) ?? 0));
  }
}

/** Lone surrogates are no text in any encoding. */
function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, "\uFFFD");
}

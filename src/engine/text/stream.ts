/** Text as it grows token by token; whole characters only. */
import type { Tokenizer } from "./tokenizer";
import { CharacterStream, RunStream, type Utf8Stream } from "./utf8-stream";

/** What is needed to turn tokens into text. */
export type TokenText = Pick<Tokenizer, "bytesOf" | "isByte" | "spelling" | "stripsLeadingSpace">;

/**
 * Turns tokens into text, one at a time. What all calls give together is what `decode` gives for all tokens.
 *
 * Special tokens are left out; bytes are held back until their character is whole; one space in front, which the
 * tokenizer put there when it encoded, is taken away again. transformers' option `clean_up_tokenization_spaces`, which
 * takes spaces before punctuation away, is left out: it would damage code.
 */
export class TextStream {
  readonly #tokenizer: TokenText;
  readonly #bytes: Utf8Stream;
  #begun = false;

  constructor(tokenizer: TokenText) {
    this.#tokenizer = tokenizer;
    this.#bytes = utf8StreamOf(tokenizer);
  }

  /** @returns the characters that this token completes, "" for none. */
  push(id: number): string {
    return this.#stripped(this.#bytes.push(this.#tokenizer.bytesOf(id), this.#tokenizer.isByte(id)));
  }

  /** @returns U+FFFD for what was held back and will never be whole. */
  end(): string {
    return this.#stripped(this.#bytes.end());
  }

  #stripped(text: string): string {
    if (this.#begun || text === "") return text;
    this.#begun = true;
    return this.#tokenizer.stripsLeadingSpace && text.startsWith(" ") ? text.slice(1) : text;
  }
}

function utf8StreamOf({ spelling }: TokenText): Utf8Stream {
  if (spelling === "byte-fallback") return new RunStream();
  return new CharacterStream(spelling === "sentencepiece" ? "byte" : "sequence");
}

/** The text of all tokens at once. */
export function decodeTokens(tokenizer: TokenText, ids: readonly number[]): string {
  const stream = new TextStream(tokenizer);
  return ids.map((id) => stream.push(id)).join("") + stream.end();
}

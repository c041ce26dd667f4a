/**
 * What an answer asks to be drawn: `<h>…</h>` in the text.
 *
 * Source: dvlab-research/MGM, mgm/serve/cli.py: the prompt for an image is what stands between `</h>` and the last
 * `<h>` before it. The bare marker `<GEN>`, by which the prompt asked for this, is left out of the text.
 */
import { commonEnd } from "./stop";

export type ReplyPart =
  { readonly kind: "text"; readonly text: string } | { readonly kind: "image-prompt"; readonly prompt: string };

const opening = "<h>";
const closing = "</h>";
const request = "<GEN>";
/** Characters after which an opened prompt is taken for text: prompts hold some 77 tokens. */
const longestPrompt = 4000;

export class ReplyParser {
  #held = "";

  /** Text may come in parts of any length; what might become a marker, or is within one, is held back. */
  push(text: string): ReplyPart[] {
    this.#held += text;
    const parts: ReplyPart[] = [];
    while (this.#step(parts));
    return joined(parts);
  }

  /** Gives the rest: a prompt that was not closed is text. */
  end(): ReplyPart[] {
    const held = this.#held.replaceAll(request, "");
    this.#held = "";
    return held === "" ? [] : [{ kind: "text", text: held }];
  }

  /** Moves one part out of what is held; false when nothing more can be told. */
  #step(parts: ReplyPart[]): boolean {
    const open = this.#held.indexOf(opening);
    const asks = this.#held.indexOf(request);
    if (asks >= 0 && (open < 0 || asks < open)) {
      this.#give(parts, asks);
      this.#held = this.#held.slice(request.length);
      return true;
    }
    if (open < 0) {
      const uncertain = Math.max(commonEnd(this.#held, opening), commonEnd(this.#held, request));
      this.#give(parts, this.#held.length - uncertain);
      return false;
    }
    this.#give(parts, open);
    return this.#prompt(parts);
  }

  /** What is held begins with `<h>`. */
  #prompt(parts: ReplyPart[]): boolean {
    const close = this.#held.indexOf(closing);
    const last = this.#held.lastIndexOf(opening, close < 0 ? undefined : close);
    if (last > 0) {
      this.#give(parts, last);
      return true;
    }
    if (close < 0) {
      if (this.#held.length <= longestPrompt) return false;
      this.#give(parts, opening.length);
      return true;
    }
    const prompt = this.#held.slice(opening.length, close).trim();
    if (prompt !== "") parts.push({ kind: "image-prompt", prompt });
    this.#held = this.#held.slice(close + closing.length);
    return true;
  }

  #give(parts: ReplyPart[], length: number): void {
    if (length > 0) parts.push({ kind: "text", text: this.#held.slice(0, length) });
    this.#held = this.#held.slice(length);
  }
}

/** Neighbouring text in one part. */
function joined(parts: readonly ReplyPart[]): ReplyPart[] {
  const all: ReplyPart[] = [];
  for (const part of parts) {
    const last = all.at(-1);
    if (part.kind === "text" && last?.kind === "text") all.splice(-1, 1, { kind: "text", text: last.text + part.text });
    else all.push(part);
  }
  return all;
}

/**
 * Finds what a model asks to be drawn in what it writes.
 *
 * Source: dvlab-research/MGM, mgm/serve/cli.py: the prompt for the image stands between `<h>` and `</h>`. Models
 * trained with the generation option may repeat its mark `<GEN>`, which is no text either.
 */
import { heldLength } from "./stop";

export type ReplyPart =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "image-prompt"; readonly prompt: string };

const open = "<h>";
const close = "</h>";
const generation = "<GEN>";

/** A prompt longer than this is text that never closes; UTF-16 units. */
const longestPrompt = 4096;

/** Text may come in pieces of any size; the parts are the same for any division, but for how text is divided. */
export class ReplyParser {
  #held = "";
  #inside = false;

  push(text: string): readonly ReplyPart[] {
    const parts: ReplyPart[] = [];
    this.#held += text;
    while (this.#inside ? this.#takePrompt(parts) : this.#takeText(parts));
    return parts;
  }

  /** An `<h>` that was never closed is given as the text that it is. */
  end(): readonly ReplyPart[] {
    const text = (this.#inside ? open : "") + this.#held;
    this.#held = "";
    this.#inside = false;
    return text === "" ? [] : [{ kind: "text", text }];
  }

  /** @returns whether there is more to take. */
  #takeText(parts: ReplyPart[]): boolean {
    const [at, mark] = firstOf(this.#held, [open, generation]);
    const certain = mark === undefined ? this.#held.length - heldLength(this.#held, [open, generation]) : at;
    addText(parts, this.#held.slice(0, certain));
    this.#held = this.#held.slice(certain + (mark?.length ?? 0));
    this.#inside = mark === open;
    return mark !== undefined;
  }

  #takePrompt(parts: ReplyPart[]): boolean {
    const at = this.#held.indexOf(close);
    // The reference takes what follows the last `<h>` before `</h>`.
    const again = this.#held.lastIndexOf(open, at < 0 ? undefined : at - 1);
    if (again >= 0 && (at < 0 || again < at)) {
      addText(parts, open + this.#held.slice(0, again));
      this.#held = this.#held.slice(again + open.length);
      return true;
    }
    if (at < 0 && this.#held.length <= longestPrompt) return false;
    this.#inside = false;
    if (at < 0 || at > longestPrompt) {
      addText(parts, open);
      return true;
    }
    const prompt = this.#held.slice(0, at).trim();
    if (prompt !== "") parts.push({ kind: "image-prompt", prompt });
    this.#held = this.#held.slice(at + close.length);
    return true;
  }
}

function firstOf(text: string, marks: readonly string[]): readonly [at: number, mark: string | undefined] {
  let first: readonly [number, string | undefined] = [-1, undefined];
  for (const mark of marks) {
    const at = text.indexOf(mark);
    if (at >= 0 && (first[1] === undefined || at < first[0])) first = [at, mark];
  }
  return first;
}

function addText(parts: ReplyPart[], text: string): void {
  const last = parts.at(-1);
  if (text === "") return;
  if (last?.kind === "text") parts[parts.length - 1] = { kind: "text", text: last.text + text };
  else parts.push({ kind: "text", text });
}

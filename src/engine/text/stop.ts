/** When an answer ends because of what it says. */
import type { TemplateName } from "../../shared/protocol";
import { separatorOf } from "./templates";
import type { Tokenizer } from "./tokenizer";

/**
 * Texts that end an answer: the template's separator, unless the tokenizer has it as an end token, since then the same
 * letters in an answer are only letters (`</s>` is HTML, too).
 */
export function stopTextsOf(
  template: TemplateName,
  tokenizer: Pick<Tokenizer, "tokenOf" | "endTokens">,
): readonly string[] {
  const separator = separatorOf(template);
  const token = tokenizer.tokenOf(separator);
  return token !== undefined && tokenizer.endTokens.includes(token) ? [] : [separator];
}

/** Ends a text before the first stop text in it, which may come in parts. */
export class StopText {
  readonly #stops: readonly string[];
  #held = "";
  #stopped = false;

  constructor(stops: readonly string[]) {
    this.#stops = stops.filter((stop) => stop !== "");
  }

  /** @returns the text that is safe to show: what might begin a stop text is held back. */
  push(text: string): { readonly text: string; readonly stopped: boolean } {
    if (this.#stopped) return { text: "", stopped: true };
    const all = this.#held + text;
    const found = this.#stops.map((stop) => all.indexOf(stop)).filter((at) => at >= 0);
    if (found.length > 0) {
      this.#held = "";
      this.#stopped = true;
      return { text: all.slice(0, Math.min(...found)), stopped: true };
    }
    const held = Math.max(0, ...this.#stops.map((stop) => commonEnd(all, stop)));
    this.#held = all.slice(all.length - held);
    return { text: all.slice(0, all.length - held), stopped: false };
  }

  /** @returns what was held back, now that nothing follows. */
  end(): string {
    const held = this.#held;
    this.#held = "";
    return held;
  }
}

/** How many characters at the end of a text are the beginning of another, not all of it. */
export function commonEnd(text: string, beginning: string): number {
  for (let length = Math.min(text.length, beginning.length - 1); length > 0; length--) {
    if (text.endsWith(beginning.slice(0, length))) return length;
  }
  return 0;
}

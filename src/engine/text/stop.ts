/** Ends a text where a stop string appears, and never shows a part of one. */
export class StopText {
  readonly #stops: readonly string[];
  /** The longest end of the text that might be the beginning of a stop string. */
  #held = "";
  #stopped = false;

  /** @param stops empty ones are ignored. */
  constructor(stops: readonly string[]) {
    this.#stops = stops.filter((stop) => stop !== "");
  }

  /** @returns text that is certain to stand before any stop string; nothing more once one has come. */
  push(text: string): { text: string; stopped: boolean } {
    if (this.#stopped) return { text: "", stopped: true };
    const all = this.#held + text;
    const found = this.#stops.map((stop) => all.indexOf(stop)).filter((at) => at >= 0);
    if (found.length > 0) {
      this.#stopped = true;
      this.#held = "";
      return { text: all.slice(0, Math.min(...found)), stopped: true };
    }
    const certain = all.length - heldLength(all, this.#stops);
    this.#held = all.slice(certain);
    return { text: all.slice(0, certain), stopped: false };
  }

  /** @returns what was held back: no stop string came of it. */
  end(): string {
    const held = this.#held;
    this.#held = "";
    return held;
  }
}

/** Length of the longest end of a text with which one of the strings begins, the whole string excepted. */
export function heldLength(text: string, strings: readonly string[]): number {
  const longest = Math.max(0, ...strings.map(({ length }) => length - 1));
  for (let length = Math.min(longest, text.length); length > 0; length--) {
    const end = text.slice(text.length - length);
    if (strings.some((string) => string.length > length && string.startsWith(end))) return length;
  }
  return 0;
}

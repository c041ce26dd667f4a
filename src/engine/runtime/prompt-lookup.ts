/**
 * Prompt lookup: answers that quote (text read from an image, code, an earlier answer) are guessed from the prompt.
 *
 * Where the last tokens stood before, the tokens that followed then are proposed; the decoder checks several at about
 * the cost of one, and only those that it would have chosen itself are kept, so the answer is the same.
 * Source: Saxena, "Prompt Lookup Decoding" (2023); Leviathan et al., "Fast Inference from Transformers via Speculative
 * Decoding", for why checked guesses change nothing.
 */
const longestMatch = 4;
const shortestMatch = 2;

/**
 * @param history token ids so far, prompt and answer; images may stand for themselves as negative numbers.
 * @param most tokens to propose.
 * @returns the tokens that followed the latest earlier occurrence of the longest matching end; [] where none did.
 */
export function lookUp(history: readonly number[], most: number): readonly number[] {
  for (let length = Math.min(longestMatch, history.length - 1); length >= shortestMatch; length--) {
    const end = history.length - length;
    for (let start = end - 1; start >= 0; start--) {
      if (!matches(history, start, end, length)) continue;
      const guess = history.slice(start + length, start + length + most);
      const image = guess.findIndex((id) => id < 0);
      if (image === 0) break;
      return image < 0 ? guess : guess.slice(0, image);
    }
  }
  return [];
}

function matches(history: readonly number[], a: number, b: number, length: number): boolean {
  for (let i = 0; i < length; i++) {
    const id = history[a + i];
    if (id !== history[b + i] || id === undefined || id < 0) return false;
  }
  return true;
}

/**
 * How many guesses are worth checking: more while they are right, fewer while they are wrong.
 * With few guesses accepted the extra work would slow the answer down.
 */
export class GuessLength {
  #length = 4;
  readonly #longest: number;

  constructor(longest: number) {
    this.#longest = longest;
  }

  get length(): number {
    return Math.floor(this.#length);
  }

  /** Takes note of a check of `proposed` guesses of which `accepted` were right. */
  note(proposed: number, accepted: number): void {
    if (accepted === proposed) this.#length = Math.min(this.#length * 2, this.#longest);
    else this.#length = Math.max(accepted + 1, this.#length / 2, 1);
  }
}

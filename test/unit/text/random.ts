/** Repeatable random values for property tests. */
import { SeededRandom } from "../../../src/engine/text/random";

export class RandomValues {
  readonly #random: SeededRandom;

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
  }

  /** In [0, below). */
  integer(below: number): number {
    return Math.floor(this.#random.uniform() * below);
  }

  among<Value>(values: readonly Value[]): Value {
    const value = values[this.integer(values.length)];
    if (value === undefined) throw new RangeError("no values");
    return value;
  }

  list<Value>(length: number, make: () => Value): Value[] {
    return Array.from({ length }, make);
  }

  /** A text cut at random places. */
  cut(text: string): string[] {
    const parts: string[] = [];
    for (let at = 0; at < text.length;) {
      const length = 1 + this.integer(6);
      parts.push(text.slice(at, at + length));
      at += length;
    }
    return parts;
  }
}

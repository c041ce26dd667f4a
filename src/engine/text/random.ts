/**
 * Random numbers that a seed repeats: the same on every machine, not fit for secrets.
 *
 * Source: xoshiro128** by David Blackman and Sebastiano Vigna (2018, public domain), its state filled by splitmix32.
 */
export class SeededRandom {
  readonly #state: Uint32Array<ArrayBuffer>;

  /** @param seed its 53 bits as an integer; fractions are dropped. */
  constructor(seed: number) {
    const whole = Number.isFinite(seed) ? Math.trunc(seed) : 0;
    let mixed = Math.imul(Math.floor(whole / 2 ** 32), 0x9e3779b1) ^ (whole >>> 0);
    this.#state = Uint32Array.from({ length: 4 }, () => {
      mixed = (mixed + 0x9e3779b9) | 0;
      let word = mixed ^ (mixed >>> 16);
      word = Math.imul(word, 0x21f0aaad);
      word ^= word >>> 15;
      word = Math.imul(word, 0x735a2d97);
      return word ^ (word >>> 15);
    });
  }

  /** In [0, 1), 53 bits. */
  next(): number {
    const high = this.#word() >>> 6;
    return (high * 2 ** 27 + (this.#word() >>> 5)) / 2 ** 53;
  }

  #word(): number {
    const [a = 0, b = 0, c = 0, d = 0] = this.#state;
    const result = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0;
    const shifted = b << 9;
    const third = c ^ a;
    const fourth = d ^ b;
    this.#state.set([a ^ fourth, b ^ third, third ^ shifted, rotate(fourth, 11)]);
    return result;
  }
}

const rotate = (word: number, by: number): number => (word << by) | (word >>> (32 - by));

/** A small seeded generator: sfc32 (Chris Doty-Humphrey, PractRand; public domain), 32 bits a step. */
export class SeededRandom {
  readonly #state: Uint32Array;

  /** @param seed any number; its whole part counts, up to 2^53. */
  constructor(seed: number) {
    const whole = Math.trunc(Number.isFinite(seed) ? seed : 0);
    this.#state = Uint32Array.of(whole % 2 ** 32, Math.floor(whole / 2 ** 32), 0, 1);
    // As PractRand does: neighbouring seeds must not give neighbouring first numbers.
    for (let step = 0; step < 15; step++) this.#next();
  }

  /** Uniform in [0, 1), 53 bits. */
  uniform(): number {
    const high = this.#next() >>> 5;
    const low = this.#next() >>> 6;
    return (high * 2 ** 26 + low) / 2 ** 53;
  }

  #next(): number {
    const [a = 0, b = 0, c = 0, counter = 0] = this.#state;
    const result = (a + b + counter) >>> 0;
    this.#state[0] = b ^ (b >>> 9);
    this.#state[1] = c + (c << 3);
    this.#state[2] = ((c << 21) | (c >>> 11)) + result;
    this.#state[3] = counter + 1;
    return result;
  }
}

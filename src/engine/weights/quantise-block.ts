/**
 * One block of weights: the scale and zero point under which its codes lose least.
 *
 * With eight bits the range of the block decides. With four bits ranges a little narrower are tried as well: a smaller
 * step serves the many small values at the price of clipping a large one, and for each choice of codes the scale of
 * least squared error is known in closed form. On normally distributed weights in blocks of 64 this lowers the
 * root-mean-square error from 10.7 % (largest value / 7) to 9.0 %, and to 8.7 % with a zero point.
 */
import type { BlockFormat } from "./quantise";

/** Parts of the range tried for four bits. A finer or wider search gains less than 1 % of the error. */
const symmetricParts = [1, 0.95, 0.9, 0.85, 0.8];
const asymmetricParts = [1, 0.95, 0.9, 0.85, 0.8, 0.75];

export class BlockQuantiser {
  readonly codes: Uint8Array;
  scale = 0;
  zero: number;
  readonly #format: BlockFormat;
  readonly #values: Float32Array;
  /** Largest code. */
  readonly #top: number;
  /** Middle code. */
  readonly #middle: number;
  #products = 0;
  #squares = 0;

  constructor(format: BlockFormat) {
    this.#format = format;
    this.#values = new Float32Array(format.blockSize);
    this.codes = new Uint8Array(format.blockSize);
    this.#top = 2 ** format.bits - 1;
    this.#middle = 2 ** (format.bits - 1);
    this.zero = this.#middle;
  }

  /** Sets `codes`, `scale` and `zero` for `from[begin … end − 1]`, filled up with zeros; all must be finite. */
  quantise(from: Float32Array, begin: number, end: number): void {
    const values = this.#values;
    if (end - begin < values.length) values.fill(0);
    let low = 0;
    let high = 0;
    for (let i = begin; i < end; i++) {
      const value = from[i] ?? 0;
      values[i - begin] = value;
      if (value < low) low = value;
      else if (value > high) high = value;
    }
    if (low === high) {
      this.codes.fill(this.#middle);
      this.zero = this.#middle;
      this.scale = 0;
      return;
    }
    if (this.#format.symmetric) this.#quantiseSymmetric(low, high);
    else this.#quantiseAsymmetric(low, high);
  }

  #quantiseSymmetric(low: number, high: number): void {
    if (this.#format.bits === 8) {
      this.#settle(127 / Math.max(-low, high), this.#middle);
      return;
    }
    // Codes reach from −8 to 7: the value of largest magnitude takes −8 whatever its sign, so a scale may be negative.
    const extreme = -low > high ? low : high;
    let best = 0;
    let bestGain = -1;
    for (const part of symmetricParts) {
      const inverse = -this.#middle / (extreme * part);
      const gain = this.#gain(inverse, this.#middle);
      if (gain <= bestGain) continue;
      bestGain = gain;
      best = inverse;
    }
    this.#settle(best, this.#middle);
  }

  #quantiseAsymmetric(low: number, high: number): void {
    const parts = this.#format.bits === 8 ? [1] : asymmetricParts;
    let best = 0;
    let bestZero = 0;
    let bestGain = -1;
    for (const part of parts) {
      const inverse = this.#top / ((high - low) * part);
      const centred = Math.round(this.#top / 2 - ((low + high) / 2) * inverse);
      const zero = Math.max(0, Math.min(this.#top, centred));
      const gain = this.#gain(inverse, zero);
      if (gain <= bestGain) continue;
      bestGain = gain;
      best = inverse;
      bestZero = zero;
    }
    this.#settle(best, bestZero);
  }

  /**
   * For codes q around the zero point the best scale is Σxq / Σq², and the squared error is Σx² less (Σxq)² / Σq².
   *
   * @returns the latter, and keeps the codes and both sums.
   */
  #gain(inverse: number, zero: number): number {
    const values = this.#values;
    const { codes } = this;
    const top = this.#top;
    let products = 0;
    let squares = 0;
    for (let i = 0; i < values.length; i++) {
      const value = values[i] ?? 0;
      // Cut to an integer, which rounds here: below 0 it is clamped anyway.
      let code = (value * inverse + zero + 0.5) | 0;
      if (code < 0) code = 0;
      else if (code > top) code = top;
      codes[i] = code;
      const centred = code - zero;
      products += value * centred;
      squares += centred * centred;
    }
    this.#products = products;
    this.#squares = squares;
    return squares === 0 ? 0 : (products * products) / squares;
  }

  #settle(inverse: number, zero: number): void {
    this.#gain(inverse, zero);
    this.zero = zero;
    this.scale = this.#squares === 0 ? 0 : Math.fround(this.#products / this.#squares);
  }
}

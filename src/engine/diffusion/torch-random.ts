/**
 * Normal numbers as torch's CPU generator gives them: the same seed, the same noise as diffusers on CPU.
 *
 * Source: Matsumoto & Nishimura, "Mersenne Twister" (MT19937); pytorch/pytorch, aten/src/ATen/core/MT19937RNGEngine.h,
 * aten/src/ATen/native/cpu/DistributionTemplates.h (`normal_fill`: Box-Muller over blocks of 16, uniforms of 24 bits).
 */

const stateSize = 624;
const shiftSize = 397;
const blockSize = 16;
const half = blockSize / 2;

export class TorchRandom {
  readonly #state = new Uint32Array(stateSize);
  #next = stateSize;

  /** @param seed whole, from 0; its lower 32 bits count, as in torch. */
  constructor(seed: number) {
    const state = this.#state;
    state[0] = seed % 2 ** 32;
    for (let i = 1; i < stateSize; i++) {
      const last = state[i - 1] ?? 0;
      state[i] = Math.imul(1812433253, last ^ (last >>> 30)) + i;
    }
  }

  /** `torch.randn` of that many numbers. @param count at least 16: shorter ones are made in another way by torch. */
  normals(count: number): Float32Array {
    if (count < blockSize) throw new RangeError(`${count} normal numbers are fewer than ${blockSize}`);
    const values = new Float32Array(count);
    for (let i = 0; i < count; i++) values[i] = this.#uniform();
    for (let begin = 0; begin + blockSize <= count; begin += blockSize) toNormal(values, begin);
    if (count % blockSize !== 0) {
      // The last block overlaps the one before it, and is drawn anew.
      const begin = count - blockSize;
      for (let i = begin; i < count; i++) values[i] = this.#uniform();
      toNormal(values, begin);
    }
    return values;
  }

  /** In [0, 1), 24 bits. */
  #uniform(): number {
    return (this.#bits() & 0xffffff) / 2 ** 24;
  }

  #bits(): number {
    if (this.#next === stateSize) this.#twist();
    let bits = this.#state[this.#next++] ?? 0;
    bits ^= bits >>> 11;
    bits ^= (bits << 7) & 0x9d2c5680;
    bits ^= (bits << 15) & 0xefc60000;
    return (bits ^ (bits >>> 18)) >>> 0;
  }

  #twist(): void {
    const state = this.#state;
    for (let i = 0; i < stateSize; i++) {
      const joined = ((state[i] ?? 0) & 0x80000000) | ((state[(i + 1) % stateSize] ?? 0) & 0x7fffffff);
      const shifted = (state[(i + shiftSize) % stateSize] ?? 0) ^ (joined >>> 1);
      state[i] = (joined & 1) === 0 ? shifted : shifted ^ 0x9908b0df;
    }
    this.#next = 0;
  }
}

/** Eight radii and eight angles become sixteen normal numbers. */
function toNormal(values: Float32Array, begin: number): void {
  for (let i = begin; i < begin + half; i++) {
    const radius = Math.sqrt(-2 * Math.log(1 - (values[i] ?? 0)));
    const angle = 2 * Math.PI * (values[i + half] ?? 0);
    values[i] = radius * Math.cos(angle);
    values[i + half] = radius * Math.sin(angle);
  }
}

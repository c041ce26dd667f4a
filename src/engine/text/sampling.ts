/**
 * Choosing the next token from logits.
 *
 * Source: transformers, generation/logits_process.py, in the order of `generate`: repetition penalty; then, unless
 * greedy, temperature, top-k (ties with the last one stay), top-p (over what top-k left).
 */
import { FailureError } from "../../shared/failure";
import type { Sampling } from "../../shared/protocol";
import { SeededRandom } from "./random";

type SamplingOptions = Pick<Sampling, "temperature" | "topP" | "topK" | "repetitionPenalty" | "seed">;

/** Below this only the highest logit has any weight, ties apart. */
const coldest = 1e-6;

export class Sampler {
  readonly #options: SamplingOptions;
  readonly #random: SeededRandom;
  #scratch = new Float32Array(0);
  #weights = new Float64Array(0);

  /** @throws FailureError `option-invalid` */
  constructor(options: SamplingOptions) {
    const { temperature, topP, topK, repetitionPenalty, seed } = options;
    check("temperature", temperature, temperature >= 0 && temperature < Infinity, "0 or more");
    check("topP", topP, topP > 0 && topP <= 1, "above 0 and at most 1");
    check("topK", topK, Number.isInteger(topK) && topK >= 0, "a whole number from 0");
    check("repetitionPenalty", repetitionPenalty, repetitionPenalty > 0 && repetitionPenalty < Infinity, "above 0");
    check("seed", seed, Number.isSafeInteger(seed), "a whole number");
    this.#options = options;
    this.#random = new SeededRandom(options.seed);
  }

  /**
   * The next token. `logits` is left as it is.
   *
   * @param logits [V], V the vocabulary's size
   * @param history ids that the repetition penalty counts; what is negative stands for no token.
   * @throws FailureError `runtime-failed` where a logit is no number or infinite.
   */
  next(logits: Float32Array, history: readonly number[]): number {
    const { temperature } = this.#options;
    const scores = this.#penalized(logits, history);
    const best = largest(scores);
    if (temperature < coldest) return best;
    return this.#draw(scores, scores[best] ?? 0);
  }

  #penalized(logits: Float32Array, history: readonly number[]): Float32Array {
    const penalty = this.#options.repetitionPenalty;
    if (penalty === 1) return logits;
    if (this.#scratch.length !== logits.length) this.#scratch = new Float32Array(logits.length);
    this.#scratch.set(logits);
    for (const id of new Set(history)) {
      const logit = logits[id];
      if (logit !== undefined) this.#scratch[id] = logit < 0 ? logit * penalty : logit / penalty;
    }
    return this.#scratch;
  }

  #draw(scores: Float32Array, max: number): number {
    const { temperature, topK, topP } = this.#options;
    if (this.#weights.length !== scores.length) this.#weights = new Float64Array(scores.length);
    const weights = this.#weights;
    // The softmax, not yet divided by its sum.
    let total = 0;
    for (let id = 0; id < scores.length; id++) {
      const weight = Math.exp(((scores[id] ?? 0) - max) / temperature);
      weights[id] = weight;
      total += weight;
    }
    const limited = topK > 0 && topK < scores.length;
    if (!limited && topP === 1) return pickFromAll(weights, this.#random.uniform() * total);
    const enough = (ids: readonly number[]): boolean =>
      limited ? ids.length >= topK : massOf(ids, weights) >= topP * total;
    const sorted = likeliest(scores, max, temperature, enough);
    const candidates = limited ? firstOnes(sorted, scores, topK) : sorted;
    const kept = nucleus(candidates, weights, topP * (limited ? massOf(candidates, weights) : total));
    return pick(kept, weights, this.#random.uniform() * massOf(kept, weights));
  }
}

/** The token with the largest score. @throws FailureError `runtime-failed` */
export function largest(scores: Float32Array): number {
  let best = -1;
  let max = -Infinity;
  for (let id = 0; id < scores.length; id++) {
    const score = scores[id] ?? Number.NaN;
    if (!Number.isFinite(score)) return refuse(`the logit of token ${id} is ${score}`);
    if (score > max) [best, max] = [id, score];
  }
  return best < 0 ? refuse("there are no logits") : best;
}

function refuse(message: string): never {
  throw new FailureError({ code: "runtime-failed", network: "language-model", message });
}

/** The likeliest ids, likeliest first and no fewer than are needed, without sorting the others. */
function likeliest(
  scores: Float32Array,
  max: number,
  temperature: number,
  enough: (ids: readonly number[]) => boolean,
): number[] {
  for (let depth = 4 * temperature; ; depth *= 2) {
    const least = Number.isFinite(max - depth) ? max - depth : -Infinity;
    const ids: number[] = [];
    for (let id = 0; id < scores.length; id++) if ((scores[id] ?? -Infinity) >= least) ids.push(id);
    if (least === -Infinity || ids.length === scores.length || enough(ids)) {
      return ids.sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0) || a - b);
    }
  }
}

/** The first `count` of sorted ids, and those that tie with the last of them. */
function firstOnes(sorted: readonly number[], scores: Float32Array, count: number): number[] {
  const last = scores[sorted[count - 1] ?? -1] ?? -Infinity;
  return sorted.filter((id) => (scores[id] ?? -Infinity) >= last);
}

/** The fewest of sorted ids that hold the mass together; at least one. */
function nucleus(sorted: readonly number[], weights: Float64Array, mass: number): number[] {
  const kept: number[] = [];
  let before = 0;
  for (const id of sorted) {
    if (kept.length > 0 && before >= mass) break;
    kept.push(id);
    before += weights[id] ?? 0;
  }
  return kept;
}

function massOf(ids: readonly number[], weights: Float64Array): number {
  let mass = 0;
  for (const id of ids) mass += weights[id] ?? 0;
  return mass;
}

/** The id at which the running sum of weights passes a point. */
function pick(ids: readonly number[], weights: Float64Array, point: number): number {
  let left = point;
  for (const id of ids) {
    left -= weights[id] ?? 0;
    if (left < 0) return id;
  }
  // Rounding can leave the point a hair beyond the sum.
  return ids[0] ?? 0;
}

/** The same over all ids. */
function pickFromAll(weights: Float64Array, point: number): number {
  let left = point;
  for (let id = 0; id < weights.length; id++) {
    left -= weights[id] ?? 0;
    if (left < 0) return id;
  }
  return weights.indexOf(1);
}

function check(option: string, found: number, valid: boolean, expected: string): void {
  if (!valid) throw new FailureError({ code: "option-invalid", option, expected, found: String(found) });
}

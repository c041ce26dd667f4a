import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Sampler } from "../../../src/engine/text/sampling";
import { FailureError } from "../../../src/shared/failure";
import type { Sampling } from "../../../src/shared/protocol";
import { RandomValues } from "./random";

const greedy: Sampling = { maxTokens: 16, temperature: 0, topP: 1, topK: 0, repetitionPenalty: 1, seed: 1 };
const warm: Sampling = { ...greedy, temperature: 1 };
const logits = (...values: number[]): Float32Array => Float32Array.from(values);

/** How often each token is drawn. */
function frequencies(sampling: Sampling, scores: Float32Array, draws = 20_000): number[] {
  const sampler = new Sampler(sampling);
  const counts = new Array<number>(scores.length).fill(0);
  for (let draw = 0; draw < draws; draw++) {
    const id = sampler.next(scores, []);
    counts[id] = (counts[id] ?? 0) + 1;
  }
  return counts.map((count) => count / draws);
}

function close(found: readonly number[], expected: readonly number[]): void {
  assert.equal(found.length, expected.length);
  for (const [id, value] of expected.entries()) {
    if (value === 0) assert.equal(found[id], 0, `token ${id} was ruled out`);
    // Four standard deviations of 20,000 draws.
    assert.ok(Math.abs((found[id] ?? 0) - value) < 0.015, `token ${id}: ${found[id] ?? 0} for ${value}`);
  }
}

const softmax = (scores: readonly number[]): number[] => {
  const weights = scores.map(Math.exp);
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / sum);
};

describe("greedy", () => {
  test("takes the highest, the first of equals", () => {
    assert.equal(new Sampler(greedy).next(logits(1, 5, 5, -3), []), 1);
    assert.equal(new Sampler(greedy).next(logits(-8, -7), []), 1);
  });

  test("leaves the logits as they are", () => {
    const scores = logits(1, 2, 3);
    new Sampler({ ...warm, repetitionPenalty: 2, topK: 2, topP: 0.5 }).next(scores, [2, 2, 0]);
    assert.deepEqual(scores, logits(1, 2, 3));
  });
});

describe("drawing", () => {
  test("follows the softmax at the temperature", () => {
    const scores = [2, 1, 0, -1];
    close(frequencies(warm, logits(...scores)), softmax(scores));
    close(frequencies({ ...warm, temperature: 0.5 }, logits(...scores)), softmax(scores.map((score) => score * 2)));
  });

  test("top-k keeps k tokens, and those that tie with the last", () => {
    close(frequencies({ ...warm, topK: 2 }, logits(0, 3, 1, 2)), [0, ...softmax([3]).map(() => 0.731), 0, 0.269]);
    close(frequencies({ ...warm, topK: 2 }, logits(0, 3, 2, 2)), [0, 0.576, 0.212, 0.212]);
    close(frequencies({ ...warm, topK: 9 }, logits(0, 1)), softmax([0, 1]));
  });

  test("top-p keeps the fewest tokens that reach it", () => {
    const scores = logits(...[0.1, 0.5, 0.15, 0.25].map(Math.log));
    close(frequencies({ ...warm, topP: 0.7 }, scores), [0, 2 / 3, 0, 1 / 3]);
    close(frequencies({ ...warm, topP: 0.8 }, scores), [0, 0.5 / 0.9, 0.15 / 0.9, 0.25 / 0.9]);
    close(frequencies({ ...warm, topP: 0.01 }, scores), [0, 1, 0, 0]);
  });

  test("top-p counts what top-k left", () => {
    const scores = logits(...[0.4, 0.3, 0.2, 0.1].map(Math.log));
    // Of the first two, 0.4 / 0.7 = 0.571 alone reaches 0.55; of all four it does not.
    close(frequencies({ ...warm, topK: 2, topP: 0.55 }, scores), [1, 0, 0, 0]);
    close(frequencies({ ...warm, topP: 0.55 }, scores), [4 / 7, 3 / 7, 0, 0]);
  });

  test("agrees with a full sort on a large vocabulary", () => {
    const random = new RandomValues(3);
    const scores = Float32Array.from({ length: 20_000 }, () => random.integer(4000) / 200);
    for (const sampling of [
      { ...warm, topK: 40 },
      { ...warm, topP: 0.3 },
      { ...warm, temperature: 3, topP: 0.9 },
      { ...warm, topK: 500, topP: 0.5 },
    ]) {
      const allowed = allowedTokens(sampling, scores);
      const sampler = new Sampler(sampling);
      for (let draw = 0; draw < 300; draw++) assert.ok(allowed.has(sampler.next(scores, [])));
    }
  });

  test("the same seed gives the same tokens, another seed others", () => {
    const scores = Float32Array.from({ length: 100 }, (_, id) => Math.sin(id));
    const draw = (seed: number): number[] => {
      const sampler = new Sampler({ ...warm, seed });
      return Array.from({ length: 50 }, () => sampler.next(scores, []));
    };
    assert.deepEqual(draw(7), draw(7));
    for (const seed of [8, 7 + 2 ** 32, 0, -7]) assert.notDeepEqual(draw(7), draw(seed));
  });
});

/** Tokens that top-k and top-p leave, by a full sort as transformers does it. */
function allowedTokens({ temperature, topK, topP }: Sampling, scores: Float32Array): Set<number> {
  let sorted = Array.from(scores.keys()).sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0));
  const last = scores[sorted[topK - 1] ?? -1];
  if (last !== undefined) sorted = sorted.filter((id) => (scores[id] ?? 0) >= last);
  const weights = sorted.map((id) => Math.exp(((scores[id] ?? 0) - 20) / temperature));
  const total = weights.reduce((a, b) => a + b, 0);
  let before = 0;
  const kept = sorted.filter((_, rank) => {
    const keeps = rank === 0 || before < topP * total;
    before += weights[rank] ?? 0;
    return keeps;
  });
  // Equal scores at the border may be kept in another order.
  const border = scores[kept.at(-1) ?? -1] ?? 0;
  return new Set(sorted.filter((id) => (scores[id] ?? 0) >= border));
}

describe("repetition penalty", () => {
  const penalty: Sampling = { ...greedy, repetitionPenalty: 2 };
  test("divides what is positive and multiplies what is negative, once", () => {
    assert.equal(new Sampler(penalty).next(logits(3, 2), [0, 0, 0]), 1);
    assert.equal(new Sampler(penalty).next(logits(3, 1), [0, 0, 0]), 0);
    assert.equal(new Sampler(penalty).next(logits(-2, -3), [0]), 1);
  });

  test("passes over images and follows a growing history", () => {
    const sampler = new Sampler(penalty);
    const history = [-200, -200];
    assert.equal(sampler.next(logits(3, 2, 1), history), 0);
    history.push(0);
    assert.equal(sampler.next(logits(3, 2, 1), history), 1);
    history.push(1);
    assert.equal(sampler.next(logits(3, 2, 1.4), history), 0);
    assert.equal(sampler.next(logits(3, 2, 1.4), []), 0);
  });
});

describe("what cannot be sampled", () => {
  const code = (expected: string) => (thrown: unknown) =>
    thrown instanceof FailureError && thrown.failure.code === expected;

  test("logits that are no numbers", () => {
    for (const bad of [Number.NaN, Infinity, -Infinity]) {
      for (const sampling of [greedy, warm, { ...warm, topK: 1 }, { ...greedy, repetitionPenalty: 2 }]) {
        assert.throws(() => new Sampler(sampling).next(logits(1, bad, 2), [0]), code("runtime-failed"));
      }
    }
    assert.throws(() => new Sampler(greedy).next(logits(), []), code("runtime-failed"));
  });

  test("settings out of range", () => {
    for (const wrong of [
      { temperature: -1 },
      { temperature: Number.NaN },
      { temperature: Infinity },
      { topP: 0 },
      { topP: 1.1 },
      { topK: -1 },
      { topK: 1.5 },
      { repetitionPenalty: 0 },
      { repetitionPenalty: Infinity },
      { seed: Number.NaN },
    ]) {
      assert.throws(() => new Sampler({ ...warm, ...wrong }), code("option-invalid"), JSON.stringify(wrong));
    }
  });

  test("extreme but valid settings give a token", () => {
    const scores = Float32Array.from({ length: 1000 }, (_, id) => (id % 7) * 1e37);
    for (const temperature of [5e-324, 1e-30, 1e-3, 1e30, Number.MAX_VALUE]) {
      for (const more of [{}, { topK: 3 }, { topP: 1e-300 }, { topP: 0.5 }, { topK: 999, topP: 0.999 }]) {
        const id = new Sampler({ ...warm, temperature, ...more }).next(scores, []);
        assert.ok(id >= 0 && id < 1000, `${temperature} ${JSON.stringify(more)}: ${id}`);
      }
    }
  });

  test("a vocabulary of 256,000 is sampled in a few milliseconds", () => {
    const random = new RandomValues(1);
    const scores = Float32Array.from({ length: 256_000 }, () => random.integer(1000) / 50);
    for (const more of [{ topP: 0.9 }, { topK: 50 }, { topP: 0.95, topK: 40, repetitionPenalty: 1.1 }]) {
      const sampler = new Sampler({ ...warm, temperature: 0.7, ...more });
      const start = performance.now();
      for (let draw = 0; draw < 10; draw++) sampler.next(scores, [1, 2, 3]);
      const each = (performance.now() - start) / 10;
      assert.ok(each < 150, `${JSON.stringify(more)}: ${each} ms`);
    }
  });
});

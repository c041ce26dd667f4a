/** What schedulers do with what networks predict, whichever way they predict it. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { SchedulerName } from "../../../src/shared/generate-protocol";
import { alphasCumprod } from "../../../src/engine/diffusion/noise-schedule";
import { createScheduler } from "../../../src/engine/diffusion/read-scheduler";
import type { Prediction, SchedulerConfig } from "../../../src/engine/diffusion/scheduler";
import { TorchRandom } from "../../../src/engine/diffusion/torch-random";
import { largestDifference } from "../../golden/diffusion/fixtures";

const configOf = (name: SchedulerName, more: Partial<SchedulerConfig> = {}): SchedulerConfig => ({
  name,
  trainSteps: 1000,
  betaSchedule: "scaled_linear",
  betaStart: 0.00085,
  betaEnd: 0.012,
  zeroTerminalSnr: false,
  prediction: "epsilon",
  spacing: "leading",
  stepsOffset: 1,
  sigmas: "steps",
  sigmaMin: undefined,
  sigmaMax: undefined,
  finalSigma: "zero",
  originalSteps: 50,
  timestepScaling: 10,
  clipRange: undefined,
  solverOrder: 2,
  lowerOrderFinal: true,
  eulerAtFinal: false,
  solverType: "midpoint",
  ...more,
});

const clean = Float32Array.from({ length: 32 }, (_, i) => Math.sin(i));
const names = ["euler", "euler-ancestral", "lcm", "dpmpp-2m"] as const;

/** What a perfect network would say of a sample, if the picture were `clean`: x = α·clean + σ·ε. */
function perfect(prediction: Prediction, sample: Float32Array, alpha: number, sigma: number): Float32Array {
  return sample.map((value, i) => {
    const picture = clean[i] ?? 0;
    const epsilon = (value - alpha * picture) / sigma;
    return prediction === "epsilon" ? epsilon : prediction === "sample" ? picture : alpha * epsilon - sigma * picture;
  });
}

for (const name of names) {
  for (const prediction of ["epsilon", "v_prediction", "sample"] as const) {
    test(`${name} with ${prediction}: a perfect network leads to its picture, foreseen at every step`, () => {
      const config = configOf(name, { prediction });
      const steps = 6;
      const scheduler = createScheduler(config, steps);
      const random = new TorchRandom(3);
      const noise = (): Float32Array => random.normals(clean.length);
      let sample = scheduler.addNoise(clean, noise(), 0);
      const alphas = alphasCumprod(config);
      for (let step = 0; step < steps; step++) {
        const level = scheduler.sigmas?.[step];
        const share = alphas[scheduler.timesteps[step] ?? 0] ?? 1;
        const alpha = level === undefined ? Math.sqrt(share) : 1 / Math.sqrt(level ** 2 + 1);
        const sigma = level === undefined ? Math.sqrt(1 - share) : level * alpha;
        // Euler's samples are not scaled; what the network sees is.
        const unscaled = name.startsWith("euler");
        const seen = unscaled ? sample.map((value) => value * alpha) : sample;
        const result = scheduler.step(perfect(prediction, seen, alpha, sigma), step, sample, noise);
        if (name !== "lcm") assert.ok(largestDifference(result.denoised, clean) < 1e-3, `step ${step}`);
        sample = result.sample;
      }
      assert.ok(largestDifference(sample, clean) < 1e-2);
    });
  }
}

describe("one seed", () => {
  test("gives one row of numbers, cut as they are drawn", () => {
    const whole = new TorchRandom(11).normals(64);
    const random = new TorchRandom(11);
    assert.deepEqual(
      [...random.normals(32), ...random.normals(32)].map(Math.fround).slice(0, 8),
      [...new TorchRandom(11).normals(32)].slice(0, 8),
    );
    assert.equal(whole.length, 64);
    assert.notDeepEqual([...whole], [...new TorchRandom(12).normals(64)]);
    assert.throws(() => random.normals(15), RangeError);
  });

  test("gives normal numbers", () => {
    const numbers = new TorchRandom(5).normals(100_000);
    const mean = numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
    const variance = numbers.reduce((sum, value) => sum + value ** 2, 0) / numbers.length;
    assert.ok(Math.abs(mean) < 0.01 && Math.abs(variance - 1) < 0.02, `${mean} ${variance}`);
  });
});

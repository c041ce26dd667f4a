/**
 * Euler steps down the noise levels; with `ancestral`, each goes further and adds new noise.
 *
 * Paper: Karras et al., "Elucidating the Design Space of Diffusion-Based Generative Models", algorithm 2 (without
 * churn). Source: huggingface/diffusers, schedulers/scheduling_euler_discrete.py, scheduling_euler_ancestral_discrete.py.
 */
import { blend, type Prediction, type Scheduler, type SchedulerConfig, type StepResult } from "./scheduler";
import { sigmaSchedule } from "./sigma-schedule";

export function eulerScheduler(config: SchedulerConfig, steps: number): Scheduler {
  const { timesteps, sigmas } = sigmaSchedule(config, steps);
  const highest = Math.max(...sigmas);
  const sigmaAt = (step: number): number => sigmas[step] ?? 0;
  const advance = config.name === "euler-ancestral" ? ancestralStep : eulerStep;
  return {
    timesteps,
    sigmas,
    initialNoise: config.spacing === "leading" ? Math.sqrt(highest ** 2 + 1) : highest,
    scaleInput: (sample, step) => {
      const factor = Math.fround(Math.sqrt(sigmaAt(step) ** 2 + 1));
      return sample.map((value) => value / factor);
    },
    addNoise: (latents, noise, step) => blend(1, latents, sigmaAt(step), noise),
    step: (output, step, sample, noise) => {
      const denoised = foresee(config.prediction, output, sample, sigmaAt(step));
      return { sample: advance(sample, denoised, sigmaAt(step), sigmaAt(step + 1), noise), denoised };
    },
  };
}

/** The clean latents that the network's output amounts to. */
function foresee(prediction: Prediction, output: Float32Array, sample: Float32Array, sigma: number): Float32Array {
  switch (prediction) {
    case "epsilon":
      return blend(1, sample, -sigma, output);
    case "v_prediction":
      return blend(1 / (sigma ** 2 + 1), sample, -sigma / Math.sqrt(sigma ** 2 + 1), output);
    case "sample":
      return output;
  }
}

type Advance = (
  sample: Float32Array,
  denoised: Float32Array,
  from: number,
  to: number,
  noise: () => Float32Array,
) => StepResult["sample"];

/** Along the line through the sample and the clean latents. */
const eulerStep: Advance = (sample, denoised, from, to) =>
  sample.map((value, i) => value + ((value - (denoised[i] ?? 0)) / from) * (to - from));

const ancestralStep: Advance = (sample, denoised, from, to, noise) => {
  const added = Math.sqrt((to ** 2 * (from ** 2 - to ** 2)) / from ** 2);
  const down = Math.sqrt(to ** 2 - added ** 2);
  return blend(1, eulerStep(sample, denoised, from, down, noise), added, noise());
};

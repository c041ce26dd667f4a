/**
 * DPM-Solver++ of the second order, with the step before as its second point ("2M").
 *
 * Paper: Lu et al., "DPM-Solver++: Fast Solver for Guided Sampling of Diffusion Probabilistic Models", algorithm 2.
 * Source: huggingface/diffusers, schedulers/scheduling_dpmsolver_multistep.py.
 */
import { blend, type Prediction, type Scheduler, type SchedulerConfig } from "./scheduler";
import { sigmaSchedule } from "./sigma-schedule";

/** Runs shorter than this end with a step of the first order where the configuration wants it. */
const fewSteps = 15;

/** Signal, noise and half the logarithm of their ratio at a noise level. */
interface Level {
  readonly alpha: number;
  readonly sigma: number;
  readonly lambda: number;
}

export function dpmSolverScheduler(config: SchedulerConfig, steps: number): Scheduler {
  const { timesteps, sigmas } = sigmaSchedule(config, steps);
  const levels = sigmas.map((sigma): Level => {
    const alpha = 1 / Math.sqrt(sigma ** 2 + 1);
    return { alpha, sigma: sigma * alpha, lambda: -Math.log(sigma) };
  });
  const levelAt = (step: number): Level => {
    const level = levels[step];
    if (level === undefined) throw new RangeError(`there is no step ${step}`);
    return level;
  };
  let last: { readonly step: number; readonly denoised: Float32Array } | undefined;
  return {
    timesteps,
    sigmas,
    initialNoise: 1,
    scaleInput: (sample) => sample,
    addNoise: (latents, noise, step) => blend(levelAt(step).alpha, latents, levelAt(step).sigma, noise),
    step: (output, step, sample) => {
      const [from, to] = [levelAt(step), levelAt(step + 1)];
      const denoised = foresee(config.prediction, output, sample, from);
      const before = last;
      last = { step, denoised };
      const factor = to.alpha * Math.expm1(from.lambda - to.lambda);
      const first = blend(to.sigma / from.sigma, sample, -factor, denoised);
      if (before?.step !== step - 1 || config.solverOrder === 1 || endsPlainly(config, step, steps)) {
        return { sample: first, denoised };
      }
      const gap = to.lambda - from.lambda;
      const ratio = (from.lambda - levelAt(step - 1).lambda) / gap;
      const slope = blend(1 / ratio, denoised, -1 / ratio, before.denoised);
      const weight = config.solverType === "midpoint" ? -0.5 * factor : factor / gap + to.alpha;
      return { sample: blend(1, first, weight, slope), denoised };
    },
  };
}

/** Whether the last step is of the first order. */
function endsPlainly(config: SchedulerConfig, step: number, steps: number): boolean {
  if (step !== steps - 1) return false;
  return config.eulerAtFinal || (config.lowerOrderFinal && steps < fewSteps) || config.finalSigma === "zero";
}

function foresee(prediction: Prediction, output: Float32Array, sample: Float32Array, level: Level): Float32Array {
  const { alpha, sigma } = level;
  switch (prediction) {
    case "epsilon":
      return blend(1 / alpha, sample, -sigma / alpha, output);
    case "v_prediction":
      return blend(alpha, sample, -sigma, output);
    case "sample":
      return output;
  }
}

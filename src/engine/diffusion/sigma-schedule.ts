/**
 * Which training steps are visited, and the noise level (σ, in units of the picture) at each.
 *
 * Source: huggingface/diffusers, schedulers/scheduling_euler_discrete.py, scheduling_dpmsolver_multistep.py
 * (`set_timesteps`); Karras et al., "Elucidating the Design Space of Diffusion-Based Generative Models", equation 5.
 */
import { alphasCumprod } from "./noise-schedule";
import type { SchedulerConfig } from "./scheduler";

export interface SigmaSchedule {
  readonly timesteps: readonly number[];
  /** One more than steps; the last is where the steps end. */
  readonly sigmas: readonly number[];
}

const karrasRho = 7;

export function sigmaSchedule(config: SchedulerConfig, steps: number): SigmaSchedule {
  const trained = trainedSigmas(config);
  const visited = spacedTimesteps(config, steps);
  const placed = visited.map((timestep) => interpolate(trained, timestep));
  const { sigmas, timesteps } = config.sigmas === "steps" ? { sigmas: placed, timesteps: visited } : placedAnew();
  return { timesteps, sigmas: [...sigmas, finalSigma()].map(Math.fround) };

  function placedAnew(): { sigmas: readonly number[]; timesteps: readonly number[] } {
    // DPM++ spans all of the training's levels, Euler those of its own steps.
    const ends = config.name === "dpmpp-2m" ? [trained.at(-1), trained[0]] : [placed[0], placed.at(-1)];
    const highest = config.sigmaMax ?? ends[0] ?? 1;
    const lowest = config.sigmaMin ?? ends[1] ?? 1;
    const levels = config.sigmas === "karras" ? karras(lowest, highest, steps) : exponential(lowest, highest, steps);
    const found = levels.map((sigma) => timestepOf(trained, sigma));
    const whole = config.name === "dpmpp-2m" && config.betaSchedule !== "squaredcos_cap_v2";
    return { sigmas: levels, timesteps: whole ? found.map(roundHalfEven) : found };
  }

  function finalSigma(): number {
    if (config.finalSigma === "zero") return 0;
    return config.name === "dpmpp-2m" && config.sigmas === "karras" ? (sigmas.at(-1) ?? 0) : (trained[0] ?? 0);
  }
}

/** σ of every training step. */
function trainedSigmas(config: SchedulerConfig): readonly number[] {
  const alphas = alphasCumprod(config);
  // A level without any picture would be infinite.
  if (config.zeroTerminalSnr) alphas[alphas.length - 1] = 2 ** -24;
  return Array.from(alphas, (alpha) => Math.fround(Math.sqrt(Math.fround(Math.fround(1 - alpha) / alpha))));
}

function spacedTimesteps({ name, spacing, trainSteps, stepsOffset }: SchedulerConfig, steps: number): number[] {
  const multistep = name === "dpmpp-2m";
  const down = Array.from({ length: steps }, (_, i) => steps - 1 - i);
  switch (spacing) {
    case "linspace": {
      // DPM++ leaves the last of one more out, and rounds.
      const gap = (trainSteps - 1) / (multistep ? steps : Math.max(steps - 1, 1));
      return multistep ? down.map((i) => roundHalfEven((i + 1) * gap)) : down.map((i) => Math.fround(i * gap));
    }
    case "leading": {
      const ratio = Math.floor(trainSteps / (multistep ? steps + 1 : steps));
      return down.map((i) => (multistep ? i + 1 : i) * ratio + stepsOffset);
    }
    case "trailing": {
      const ratio = trainSteps / steps;
      return Array.from({ length: steps }, (_, i) => roundHalfEven(trainSteps - i * ratio) - 1);
    }
  }
}

/** numpy.interp over 0, 1, 2, … */
function interpolate(values: readonly number[], position: number): number {
  const low = Math.min(Math.max(Math.floor(position), 0), values.length - 1);
  const [left = 0, right = left] = [values[low], values[low + 1]];
  const weight = Math.min(Math.max(position - low, 0), 1);
  return left + (right - left) * weight;
}

function karras(lowest: number, highest: number, steps: number): number[] {
  const [low, high] = [lowest ** (1 / karrasRho), highest ** (1 / karrasRho)];
  return ramp(steps).map((at) => (high + at * (low - high)) ** karrasRho);
}

function exponential(lowest: number, highest: number, steps: number): number[] {
  const [low, high] = [Math.log(lowest), Math.log(highest)];
  return ramp(steps).map((at) => Math.exp(high + at * (low - high)));
}

const ramp = (steps: number): number[] => Array.from({ length: steps }, (_, i) => i / Math.max(steps - 1, 1));

/** The training step, in fractions, whose noise level this is. */
function timestepOf(trained: readonly number[], sigma: number): number {
  const wanted = Math.log(Math.max(sigma, 1e-10));
  let low = 0;
  while (low < trained.length - 2 && Math.log(trained[low + 1] ?? Infinity) <= wanted) low++;
  const [below, above] = [Math.log(trained[low] ?? 1), Math.log(trained[low + 1] ?? 1)];
  const weight = Math.min(Math.max((below - wanted) / (below - above), 0), 1);
  return (1 - weight) * low + weight * (low + 1);
}

/** As numpy rounds. */
export function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

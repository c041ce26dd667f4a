/**
 * What a scheduler of latent diffusion does: which noise levels to visit, and how to go from one to the next.
 *
 * Source of all of them: huggingface/diffusers, schedulers/ (formulas and defaults), as `from_config` would make each
 * from a folder's scheduler_config.json.
 */
import type { SchedulerName } from "../../shared/generate-protocol";
import type { NoiseScheduleConfig } from "./noise-schedule";

/** What the network's output means. */
export type Prediction = "epsilon" | "v_prediction" | "sample";

export interface SchedulerConfig extends NoiseScheduleConfig {
  readonly name: SchedulerName;
  readonly prediction: Prediction;
  readonly spacing: "linspace" | "leading" | "trailing";
  readonly stepsOffset: number;
  /** How noise levels are placed: as the steps say, or by Karras et al., or evenly in their logarithm. */
  readonly sigmas: "steps" | "karras" | "exponential";
  /** Lowest and highest of `karras` and `exponential` where they are not those of the steps. */
  readonly sigmaMin: number | undefined;
  readonly sigmaMax: number | undefined;
  readonly finalSigma: "zero" | "sigma_min";
  /** LCM: steps of the teacher, and how far the boundary condition reaches. */
  readonly originalSteps: number;
  readonly timestepScaling: number;
  readonly clipRange: number | undefined;
  /** DPM++: second order, a plain Euler step at the end, and how the second order is taken. */
  readonly solverOrder: 1 | 2;
  readonly lowerOrderFinal: boolean;
  readonly eulerAtFinal: boolean;
  readonly solverType: "midpoint" | "heun";
}

export interface StepResult {
  readonly sample: Float32Array;
  /** The finished latents as they are foreseen now. */
  readonly denoised: Float32Array;
}

export interface Scheduler {
  /** Training steps that are visited, for the network, noisiest first. */
  readonly timesteps: readonly number[];
  /** Noise levels as diffusers lists them, one more than steps; undefined for LCM. */
  readonly sigmas: readonly number[] | undefined;
  /** Factor of unit noise at the start. */
  readonly initialNoise: number;
  /** The network's input. */
  scaleInput(sample: Float32Array, step: number): Float32Array;
  /** A picture's latents brought to the noise level of a step. */
  addNoise(latents: Float32Array, noise: Float32Array, step: number): Float32Array;
  /** Steps are taken in order. @param noise draws unit noise of the sample's size. */
  step(output: Float32Array, step: number, sample: Float32Array, noise: () => Float32Array): StepResult;
}

/** a·x + b·y, element by element. */
export function blend(a: number, x: Float32Array, b: number, y: Float32Array): Float32Array {
  return x.map((value, i) => a * value + b * (y[i] ?? 0));
}

/**
 * Latent consistency: each step foresees the finished picture and noises it again to the next level.
 *
 * Paper: Luo et al., "Latent Consistency Models", algorithm 3. Source: huggingface/diffusers,
 * schedulers/scheduling_lcm.py.
 */
import { alphasCumprod } from "./noise-schedule";
import { blend, type Scheduler, type SchedulerConfig } from "./scheduler";

const sigmaData = 0.5;

/** @param steps at most `originalSteps` of the configuration */
export function lcmScheduler(config: SchedulerConfig, steps: number): Scheduler {
  const alphas = alphasCumprod(config);
  const timesteps = lcmTimesteps(config, steps);
  const alphaAt = (timestep: number): number => alphas[timestep] ?? 1;
  return {
    timesteps,
    sigmas: undefined,
    initialNoise: 1,
    scaleInput: (sample) => sample,
    addNoise: (latents, noise, step) => {
      const alpha = alphaAt(timesteps[step] ?? 0);
      return blend(Math.sqrt(alpha), latents, Math.sqrt(1 - alpha), noise);
    },
    step: (output, step, sample, noise) => {
      const timestep = timesteps[step] ?? 0;
      const foreseen = clip(foresee(config, output, sample, alphaAt(timestep)), config.clipRange);
      const scaled = timestep * config.timestepScaling;
      const skip = sigmaData ** 2 / (scaled ** 2 + sigmaData ** 2);
      const out = scaled / Math.sqrt(scaled ** 2 + sigmaData ** 2);
      const denoised = blend(out, foreseen, skip, sample);
      const next = timesteps[step + 1];
      if (next === undefined) return { sample: denoised, denoised };
      const alpha = alphaAt(next);
      return { sample: blend(Math.sqrt(alpha), denoised, Math.sqrt(1 - alpha), noise()), denoised };
    },
  };
}

/** Evenly spread over the teacher's steps, the noisiest first. */
function lcmTimesteps({ trainSteps, originalSteps }: SchedulerConfig, steps: number): readonly number[] {
  const gap = Math.floor(trainSteps / originalSteps);
  return Array.from({ length: steps }, (_, i) => {
    const index = Math.floor(i * (originalSteps / steps));
    return (originalSteps - index) * gap - 1;
  });
}

function foresee(
  { prediction }: SchedulerConfig,
  output: Float32Array,
  sample: Float32Array,
  alpha: number,
): Float32Array {
  const [signal, noise] = [Math.sqrt(alpha), Math.sqrt(1 - alpha)];
  switch (prediction) {
    case "epsilon":
      return blend(1 / signal, sample, -noise / signal, output);
    case "v_prediction":
      return blend(signal, sample, -noise, output);
    case "sample":
      return output;
  }
}

const clip = (values: Float32Array, range: number | undefined): Float32Array =>
  range === undefined ? values : values.map((value) => Math.min(Math.max(value, -range), range));

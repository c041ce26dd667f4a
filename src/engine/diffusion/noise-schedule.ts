/**
 * How much of a picture is left after each step of the training's noising, from a scheduler's configuration.
 *
 * Source: huggingface/diffusers, schedulers/scheduling_euler_discrete.py (`betas`, `rescale_zero_terminal_snr`).
 * Float32 where torch has float32; products accumulate in double, as torch's cumprod does on CPU.
 */

export interface NoiseScheduleConfig {
  readonly trainSteps: number;
  readonly betaSchedule: "linear" | "scaled_linear" | "squaredcos_cap_v2";
  readonly betaStart: number;
  readonly betaEnd: number;
  /** `rescale_betas_zero_snr`: nothing of the picture is left at the last step. */
  readonly zeroTerminalSnr: boolean;
}

/** ᾱ, the share of the picture's variance that is left at each training step. */
export function alphasCumprod(config: NoiseScheduleConfig): Float32Array {
  const products = cumulative(Float32Array.from(betas(config), (beta) => 1 - beta));
  return config.zeroTerminalSnr ? rescaled(products) : products;
}

function betas({ betaSchedule, betaStart, betaEnd, trainSteps }: NoiseScheduleConfig): Float32Array {
  switch (betaSchedule) {
    case "linear":
      return linspace(betaStart, betaEnd, trainSteps);
    case "scaled_linear":
      return linspace(Math.sqrt(betaStart), Math.sqrt(betaEnd), trainSteps).map((root) => root * root);
    case "squaredcos_cap_v2": {
      const left = (time: number): number => Math.cos((((time + 0.008) / 1.008) * Math.PI) / 2) ** 2;
      return Float32Array.from({ length: trainSteps }, (_, step) =>
        Math.min(1 - left((step + 1) / trainSteps) / left(step / trainSteps), 0.999),
      );
    }
  }
}

/** torch.linspace in float32: each half is counted from its own end. */
export function linspace(start: number, end: number, count: number): Float32Array {
  const [first, last] = [Math.fround(start), Math.fround(end)];
  const step = count > 1 ? Math.fround((last - first) / (count - 1)) : 0;
  return Float32Array.from({ length: count }, (_, i) =>
    i < count / 2 ? first + Math.fround(step * i) : last - Math.fround(step * (count - 1 - i)),
  );
}

function cumulative(factors: Float32Array): Float32Array {
  let product = 1;
  return factors.map((factor) => (product *= factor));
}

/** Lin et al., "Common Diffusion Noise Schedules and Sample Steps are Flawed", algorithm 1. */
function rescaled(products: Float32Array): Float32Array {
  const roots = products.map(Math.sqrt);
  const [first = 1, last = 0] = [roots[0], roots.at(-1)];
  const factor = Math.fround(first / Math.fround(first - last));
  const bars = roots.map((root) => Math.fround(root - last) * factor).map((root) => root * root);
  const alphas = bars.map((bar, step) => (step === 0 ? bar : bar / (bars[step - 1] ?? 1)));
  const betasAgain = alphas.map((alpha) => 1 - alpha);
  return cumulative(betasAgain.map((beta) => 1 - beta));
}

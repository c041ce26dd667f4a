/** What is drawn, settled before anything is: each setting checked, and what is left open decided by the model. */
import { FailureError } from "../../shared/failure";
import { type GenerateParams, largestSeed } from "../../shared/generate-protocol";
import type { LatentSize } from "./autoencoder";
import type { PipelineFolder } from "./pipeline-folder";
import { createScheduler, readScheduler } from "./read-scheduler";
import type { Scheduler, SchedulerConfig } from "./scheduler";

export interface DrawingPlan {
  readonly prompt: string;
  /** Undefined where none is given: SDXL makes a difference between none and the empty text. */
  readonly negative: string | undefined;
  readonly steps: number;
  readonly guidance: number;
  readonly seed: number;
  readonly count: number;
  readonly width: number;
  readonly height: number;
  readonly latentSize: LatentSize;
  readonly scheduler: SchedulerConfig;
  /** The first step that is done: later for a picture that is drawn anew in part. */
  readonly firstStep: number;
}

const sides = { least: 64, most: 2048 };
const mostSteps = 150;
const mostGuidance = 30;
const mostPictures = 16;

/**
 * @param source size of the picture to start from, where there is one
 * @throws FailureError `prompt-empty`, `option-invalid`, those of reading the scheduler.
 */
export async function planDrawing(
  folder: PipelineFolder,
  params: GenerateParams,
  source?: { readonly width: number; readonly height: number },
): Promise<DrawingPlan> {
  const { prompt, negative, seed, count, from } = params;
  if (prompt.trim() === "") throw new FailureError({ code: "prompt-empty" });
  whole("seed", seed, 0, largestSeed);
  whole("count", count, 1, mostPictures);
  const scheduler = await readScheduler(folder.schedulerFolder, params.scheduler);
  const usual = usualSettings(folder, scheduler);
  const steps = params.steps ?? usual.steps;
  whole("steps", steps, 1, mostSteps);
  const guidance = params.guidance ?? usual.guidance;
  within("guidance", guidance, 0, mostGuidance);
  const { scale } = folder.autoencoder.config;
  const { width, height } = params.size ?? usualSize(folder, source);
  for (const [option, side] of Object.entries({ width, height })) {
    whole(option, side, sides.least, sides.most);
    if (side % scale !== 0) refuse(option, `a multiple of ${scale}`, side);
  }
  return {
    prompt,
    negative,
    steps,
    guidance,
    seed,
    count,
    width,
    height,
    latentSize: { width: width / scale, height: height / scale },
    scheduler,
    firstStep: from === undefined ? 0 : firstStepOf(from.strength, steps),
  };
}

/** A scheduler for one picture; some remember the step before. */
export const schedulerOf = ({ scheduler, steps }: DrawingPlan): Scheduler => createScheduler(scheduler, steps);

/** Source: diffusers, pipeline_stable_diffusion_img2img.py `get_timesteps`. */
function firstStepOf(strength: number, steps: number): number {
  if (!(strength > 0 && strength <= 1)) refuse("strength", "above 0, up to 1", strength);
  const done = Math.trunc(steps * strength);
  if (done < 1) refuse("strength", `at least ${(1 / steps).toFixed(3)} with ${steps} steps`, strength);
  return steps - done;
}

/** What the makers of such models advise, where the folder does not say. */
function usualSettings(
  { kind, unet, stated }: PipelineFolder,
  scheduler: SchedulerConfig,
): { readonly steps: number; readonly guidance: number } {
  const usual = ((): { steps: number; guidance: number } => {
    if (unet.config.guidanceWidth !== undefined) return { steps: 4, guidance: 8.5 };
    // Distilled models are published with one of these: they draw in few steps, without guidance.
    if (scheduler.name === "lcm" || scheduler.spacing === "trailing") return { steps: 4, guidance: 0 };
    return { steps: 25, guidance: kind === "sdxl" ? 5 : 7.5 };
  })();
  return { steps: stated.steps ?? usual.steps, guidance: stated.guidance ?? usual.guidance };
}

/** The model's own size; of a picture's shape where there is one to start from. */
function usualSize(
  { unet, autoencoder }: PipelineFolder,
  source: { readonly width: number; readonly height: number } | undefined,
): { readonly width: number; readonly height: number } {
  const { scale } = autoencoder.config;
  const side = unet.config.sampleSize * scale;
  if (source === undefined) return { width: side, height: side };
  const shrink = Math.min(1, side / Math.sqrt(source.width * source.height));
  const fit = (length: number): number =>
    Math.min(Math.max(Math.floor((length * shrink) / scale) * scale, sides.least), sides.most);
  return { width: fit(source.width), height: fit(source.height) };
}

function whole(option: string, value: number, least: number, most: number): void {
  if (!Number.isInteger(value) || value < least || value > most)
    refuse(option, `a whole number from ${least} to ${most}`, value);
}

function within(option: string, value: number, least: number, most: number): void {
  if (!(value >= least && value <= most)) refuse(option, `${least} to ${most}`, value);
}

function refuse(option: string, expected: string, found: number): never {
  throw new FailureError({ code: "option-invalid", option, expected, found: String(found) });
}

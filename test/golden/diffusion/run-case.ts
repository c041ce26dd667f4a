/** One golden case of latent diffusion, run the whole way: what this engine makes of the inputs that diffusers had. */
import { readFile } from "node:fs/promises";
import type { SchedulerName } from "../../../src/shared/generate-protocol";
import { Graph } from "../../../src/engine/graph/graph";
import { unet } from "../../../src/engine/networks/unet";
import { decodeLatents, decoderGraph } from "../../../src/engine/diffusion/autoencoder";
import { batchOf, type Conditions, denoise } from "../../../src/engine/diffusion/denoise";
import { Networks } from "../../../src/engine/diffusion/networks";
import type { PipelineFolder } from "../../../src/engine/diffusion/pipeline-folder";
import { encodePrompt, zeroEmbeddings } from "../../../src/engine/diffusion/prompt";
import { createScheduler } from "../../../src/engine/diffusion/read-scheduler";
import type { SchedulerConfig } from "../../../src/engine/diffusion/scheduler";
import { TorchRandom } from "../../../src/engine/diffusion/torch-random";
import { largestDifference, readTensors } from "./fixtures";

export interface GoldenCase {
  readonly name: string;
  readonly height: number;
  readonly width: number;
  readonly seed_initial_noise: number;
  readonly seed_step_noise: number;
  readonly call: {
    readonly prompt: string;
    readonly negative_prompt?: string;
    readonly num_inference_steps: number;
    readonly guidance_scale: number;
  };
  readonly scheduler: object & { readonly _class_name: string };
  readonly unet_timesteps: readonly number[];
  readonly img2img_strength: number | null;
}

/** Largest absolute differences from diffusers' values. */
export interface CaseDifferences {
  readonly prompt: number;
  /** Infinity where SDXL's pooled embedding is missing; 0 where there is none. */
  readonly pooled: number;
  readonly noise: number;
  /** Of each step alone, from the latents that diffusers had before it. */
  readonly steps: readonly number[];
  /** After all steps in a row, from the seed. */
  readonly latents: number;
  /** Mean over the picture, in units of 8-bit colour; undefined where the case has no picture. */
  readonly picture: number | undefined;
}

export const readCase = async (file: string): Promise<GoldenCase> =>
  JSON.parse((await readFile(file, "utf8")).replaceAll("-Infinity", "null")) as GoldenCase;

export const schedulerNames: Readonly<Record<string, SchedulerName>> = {
  EulerDiscreteScheduler: "euler",
  EulerAncestralDiscreteScheduler: "euler-ancestral",
  LCMScheduler: "lcm",
  DPMSolverMultistepScheduler: "dpmpp-2m",
};

/** @param config of the case's scheduler */
export async function runCase(
  folder: PipelineFolder,
  golden: GoldenCase,
  config: SchedulerConfig,
  tensorFile: string,
): Promise<CaseDifferences> {
  const tensors = await readTensors(tensorFile);
  const networks = new Networks({ device: "cpu", threads: 1 });
  try {
    const { call, height, width } = golden;
    const size = { height: height / 8, width: width / 8 };
    const conditions = await conditionsOf(folder, networks, golden);
    const [first] = folder.textEncoders;
    const network = await networks.use("unet", 0, () => {
      const g = new Graph("unet", { weightsInPlace: true });
      const shape = { batch: batchOf(conditions), ...size, tokens: first?.tokens ?? 0 };
      g.output("out_sample", unet(g, folder.unet.weights, folder.unet.config, shape));
      return g;
    });

    const steps = call.num_inference_steps;
    const firstStep = steps - golden.unet_timesteps.length;
    const scheduler = createScheduler(config, steps);
    const { start, noise, random } = startOf(folder, golden, tensors, (latents, unit) =>
      latents === undefined
        ? unit.map((value) => value * scheduler.initialNoise)
        : scheduler.addNoise(latents, unit, firstStep),
    );
    const run = async (from: number, to: number, latents: Float32Array, stepNoise: () => Float32Array) => {
      const whole = createScheduler(config, steps);
      const part = { ...whole, timesteps: whole.timesteps.slice(0, to) };
      return denoise(network, folder.unet.config, latents, {
        ...{ scheduler: part, firstStep: from, size, conditions, noise: stepNoise },
      });
    };
    const perStep: number[] = [];
    for (let step = firstStep; step < steps; step++) {
      const before = step === firstStep ? start : tensors.get(`latents_after_step.${step - 1 - firstStep}`);
      if (before === undefined) throw new TypeError(`the case lacks the latents before step ${step}`);
      // A multistep solver needs the step before it too: those cases are compared in a row only.
      if (config.name === "dpmpp-2m" && step > firstStep) break;
      const after = await run(step, step + 1, before, () => {
        const stored = tensors.get(`step_noise.${step - firstStep}`);
        // Ancestral steps draw at the end too, and multiply by zero.
        return stored ?? new Float32Array(before.length);
      });
      perStep.push(largestDifference(after, tensors.get(`latents_after_step.${step - firstStep}`)));
    }
    const latents = await run(firstStep, steps, start, () => random.normals(start.length));
    const expected = tensors.get("image");
    const decoder = await networks.use("vae-decoder", 0, () => decoderGraph(folder.autoencoder, size));
    const decoded =
      expected === undefined ? undefined : await decodeLatents(decoder, folder.autoencoder.config, latents, size);
    const negativeAndPrompt = (
      pick: (of: { hidden: Float32Array; pooled: Float32Array | undefined }) => Float32Array,
    ) =>
      Float32Array.from([
        ...(conditions.negative === undefined ? [] : pick(conditions.negative)),
        ...pick(conditions.prompt),
      ]);
    return {
      prompt: largestDifference(
        negativeAndPrompt(({ hidden }) => hidden),
        tensors.get("encoder_hidden_states"),
      ),
      pooled:
        folder.kind === "sdxl"
          ? largestDifference(
              negativeAndPrompt(({ pooled }) => pooled ?? new Float32Array()),
              tensors.get("add_text_embeds"),
            )
          : 0,
      noise: noise,
      steps: perStep,
      latents: largestDifference(latents, tensors.get(`latents_after_step.${steps - 1 - firstStep}`)),
      picture: decoded === undefined ? undefined : meanColourDifference(decoded, expected),
    };
  } finally {
    await networks.close();
  }
}

async function conditionsOf(
  folder: PipelineFolder,
  networks: Networks,
  { call, width, height }: GoldenCase,
): Promise<Conditions> {
  const prompt = await encodePrompt(folder, networks, call.prompt);
  const guided = call.guidance_scale > 1 && folder.unet.config.guidanceWidth === undefined;
  const none = call.negative_prompt === undefined && folder.zeroNegative;
  const negative = async () =>
    none ? zeroEmbeddings(prompt) : encodePrompt(folder, networks, call.negative_prompt ?? "");
  return {
    prompt,
    negative: guided ? await negative() : undefined,
    guidance: call.guidance_scale,
    tokens: folder.textEncoders[0]?.tokens ?? 0,
    pictureSize: { width, height },
  };
}

interface Start {
  /** Latents at the first step, from the seed. */
  readonly start: Float32Array;
  /** How far the seed's noise is from torch's. */
  readonly noise: number;
  /** The generator of the noise that steps add. */
  readonly random: TorchRandom;
}

/** Pictures that are drawn anew have one generator for all noise, others two. */
function startOf(
  { autoencoder }: PipelineFolder,
  golden: GoldenCase,
  tensors: ReadonlyMap<string, Float32Array>,
  noised: (latents: Float32Array | undefined, unit: Float32Array) => Float32Array,
): Start {
  const stepRandom = new TorchRandom(golden.seed_step_noise);
  const fromPicture = golden.img2img_strength !== null;
  const stored = tensors.get(fromPicture ? "img2img_noise" : "initial_noise");
  const mean = tensors.get("vae_encode_mean");
  if (stored === undefined || (fromPicture && mean === undefined)) throw new TypeError("the case lacks its start");
  const unit = (fromPicture ? stepRandom : new TorchRandom(golden.seed_initial_noise)).normals(stored.length);
  const latents = fromPicture ? mean?.map((value) => value * autoencoder.config.scalingFactor) : undefined;
  return { start: noised(latents, unit), noise: largestDifference(unit, stored), random: stepRandom };
}

/** @param image in −1…1 @param expected in 0…1 */
function meanColourDifference(image: Float32Array, expected: Float32Array | undefined): number {
  if (expected?.length !== image.length) return Infinity;
  const colour = (value: number): number => Math.round(Math.min(Math.max(value, 0), 1) * 255);
  return (
    image.reduce((sum, value, i) => sum + Math.abs(colour(value / 2 + 0.5) - colour(expected[i] ?? NaN)), 0) /
    image.length
  );
}

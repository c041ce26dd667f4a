/**
 * From noise to latents: the UNet asked at every step of a scheduler, with classifier-free guidance.
 *
 * Paper: Ho & Salimans, "Classifier-Free Diffusion Guidance". Source: huggingface/diffusers,
 * pipelines/stable_diffusion/pipeline_stable_diffusion.py (`__call__`, `get_guidance_scale_embedding`).
 */
import { setImmediate } from "node:timers/promises";
import { FailureError, throwIfCancelled } from "../../shared/failure";
import type { UnetConfig } from "../model/unet-config";
import { timeIdentities } from "../networks/unet";
import { floats, type Network, type Tensors } from "../runtime/network";
import { onnxruntime } from "../runtime/onnxruntime";
import type { LatentSize } from "./autoencoder";
import type { PromptEmbeddings } from "./prompt";
import type { Scheduler } from "./scheduler";

export interface Conditions {
  readonly prompt: PromptEmbeddings;
  /** Undefined where there is no guidance, or the network takes it as an input. */
  readonly negative: PromptEmbeddings | undefined;
  readonly guidance: number;
  readonly tokens: number;
  /** Of the picture, in pixels. */
  readonly pictureSize: { readonly width: number; readonly height: number };
}

export interface DenoiseOptions {
  readonly scheduler: Scheduler;
  /** Above 0 where the latents are those of a picture. */
  readonly firstStep: number;
  readonly size: LatentSize;
  readonly conditions: Conditions;
  /** Draws unit noise of the latents' size. */
  readonly noise: () => Float32Array;
  readonly signal?: AbortSignal | undefined;
  /** After each step, with the finished latents as they are foreseen. */
  readonly onStep?: ((step: number, denoised: Float32Array) => void) | undefined;
}

/**
 * @param latents at the noise level of the first step, [C, height, width]
 * @throws FailureError `cancelled` between steps; `runtime-failed`, also where the network gives no numbers;
 *   `out-of-memory`.
 */
export async function denoise(
  network: Network,
  config: UnetConfig,
  latents: Float32Array,
  options: DenoiseOptions,
): Promise<Float32Array> {
  const { scheduler, firstStep, size, conditions, noise, signal, onStep } = options;
  const { negative, guidance } = conditions;
  const batch = batchOf(conditions);
  const { Tensor } = await onnxruntime();
  const constant = await conditionFeeds(config, conditions);
  const dims = [batch, config.inChannels, size.height, size.width];
  let sample = latents;
  for (let step = firstStep; step < scheduler.timesteps.length; step++) {
    throwIfCancelled(signal);
    const input = scheduler.scaleInput(sample, step);
    const outputs = await network.run({
      ...constant,
      sample: new Tensor("float32", batch === 1 ? input : twice(input), dims),
      timestep: new Tensor("float32", Float32Array.of(scheduler.timesteps[step] ?? 0), [1]),
    });
    const output = floats(outputs, "out_sample");
    const guided = negative === undefined ? output : guide(output, guidance);
    refuseNotFinite(network.name, guided);
    const result = scheduler.step(guided, step, sample, noise);
    sample = result.sample;
    onStep?.(step, result.denoised);
    // The run blocked this thread: what has arrived meanwhile, a cancellation for one, is taken in here.
    await setImmediate();
  }
  throwIfCancelled(signal);
  return sample;
}

/** The negative prompt and the prompt are run together. */
export const batchOf = ({ negative }: Conditions): 1 | 2 => (negative === undefined ? 1 : 2);

async function conditionFeeds(config: UnetConfig, conditions: Conditions): Promise<Tensors> {
  const { prompt, negative, guidance, tokens, pictureSize } = conditions;
  const { Tensor } = await onnxruntime();
  const batch = batchOf(conditions);
  const both = (pick: (embeddings: PromptEmbeddings) => Float32Array): Float32Array =>
    negative === undefined ? pick(prompt) : join(pick(negative), pick(prompt));
  const tensor = (data: Float32Array, dims: readonly number[]): InstanceType<typeof Tensor> =>
    new Tensor("float32", data, dims);
  const feeds: Record<string, InstanceType<typeof Tensor>> = {
    encoder_hidden_states: tensor(
      both(({ hidden }) => hidden),
      [batch, tokens, config.crossAttentionWidth],
    ),
  };
  if (config.guidanceWidth !== undefined) {
    feeds["timestep_cond"] = tensor(guidanceEmbedding(guidance, config.guidanceWidth), [batch, config.guidanceWidth]);
  }
  if (config.textTime !== undefined) {
    const pooled = both(({ pooled: own }) => own ?? new Float32Array());
    const { width, height } = pictureSize;
    // Original size, the crop's corner, size wanted.
    const sizes = Float32Array.of(height, width, 0, 0, height, width);
    feeds["text_embeds"] = tensor(pooled, [batch, pooled.length / batch]);
    feeds["time_ids"] = tensor(batch === 1 ? sizes : twice(sizes), [batch, timeIdentities]);
  }
  return feeds;
}

/** What a model of distilled guidance is told, in float32 as the reference: the angles are large. */
function guidanceEmbedding(guidance: number, width: number): Float32Array {
  const half = Math.floor(width / 2);
  const scaled = Math.fround((guidance - 1) * 1000);
  const fall = Math.fround(-Math.log(10_000) / (half - 1));
  const embedding = new Float32Array(width);
  for (let i = 0; i < half; i++) {
    const angle = Math.fround(scaled * Math.fround(Math.exp(Math.fround(i * fall))));
    embedding[i] = Math.sin(angle);
    embedding[half + i] = Math.cos(angle);
  }
  return embedding;
}

/** The output with the prompt, moved further away from the one with the negative prompt. */
function guide(outputs: Float32Array, guidance: number): Float32Array {
  const half = outputs.length / 2;
  const negative = outputs.subarray(0, half);
  return negative.map((value, i) => value + guidance * ((outputs[half + i] ?? 0) - value));
}

function refuseNotFinite(network: string, values: Float32Array): void {
  if (values.every(Number.isFinite)) return;
  throw new FailureError({ code: "runtime-failed", network, message: "its output holds values that are no numbers" });
}

function join(a: Float32Array, b: Float32Array): Float32Array {
  const joined = new Float32Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}

const twice = (values: Float32Array): Float32Array => join(values, values);

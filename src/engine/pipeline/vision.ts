/** The vision side of a loaded model: an image in, its visual tokens out. */
import { setImmediate } from "node:timers/promises";
import type { Tensor } from "onnxruntime-node";
import { throwIfCancelled } from "../../shared/failure";
import type { Stage } from "../../shared/protocol";
import type { RgbImage } from "../image/decode";
import { highResolutionPixels, lowResolutionPixels, normalise } from "../image/preprocess";
import { viewsOf } from "../networks/visual-tokens";
import { floats, type Network, type Tensors } from "../runtime/network";
import type { Runtime } from "../runtime/onnxruntime";
import { ContentCache } from "./content-cache";
import type { VisionManifest } from "./prepared-model";

/** About a hundred images of 576 tokens for a model of width 2048. */
const visualTokensBudget = 512 * 2 ** 20;

export interface VisionNetworks {
  readonly lowResolution: Network;
  readonly highResolution: Network;
  readonly visualTokens: Network;
}

export interface VisionTimings {
  preprocess: number;
  encode: number;
}

export class Vision {
  readonly manifest: VisionManifest;
  readonly #networks: VisionNetworks;
  readonly #runtime: Runtime;
  readonly #kept = new ContentCache<Float32Array>(visualTokensBudget);

  constructor(manifest: VisionManifest, networks: VisionNetworks, runtime: Runtime) {
    this.manifest = manifest;
    this.#networks = networks;
    this.#runtime = runtime;
  }

  /** Visual tokens of one image. */
  get tokensPerImage(): number {
    return viewsOf(this.manifest) * this.manifest.tokensPerSide ** 2;
  }

  /**
   * Visual tokens [tokensPerImage, D] of an image; kept by its content, so that asking again runs no encoder.
   *
   * @param timings milliseconds are added to.
   */
  async encode(
    image: RgbImage,
    options: {
      readonly signal: AbortSignal | undefined;
      readonly onStage: (stage: Stage) => void;
      readonly timings: VisionTimings;
    },
  ): Promise<Float32Array> {
    const kept = this.#kept.get(image.hash);
    if (kept !== undefined) return kept;
    const { signal, onStage, timings } = options;
    const started = performance.now();
    const { highResolution, aspect } = this.manifest;
    const pixels = highResolutionPixels(image, highResolution, aspect);
    timings.preprocess += performance.now() - started;
    const { tokens } = await this.encodePixels(pixels, { signal, onStage, timings });
    this.#kept.set(image.hash, tokens, tokens.byteLength);
    return tokens;
  }

  /** @param pixels 8-bit RGB of the high-resolution side, row by row. @returns also every output of the networks. */
  async encodePixels(
    pixels: Uint8Array,
    {
      signal,
      onStage,
      timings,
    }: {
      readonly signal: AbortSignal | undefined;
      readonly onStage: (stage: Stage) => void;
      readonly timings: VisionTimings;
    },
  ): Promise<{ tokens: Float32Array; intermediates: Tensors }> {
    const started = performance.now();
    const { highResolution, lowResolution, mean, deviation, grid, global } = this.manifest;
    const high = normalise(pixels, highResolution, mean, deviation);
    const low = lowResolutionPixels(high, highResolution, { side: lowResolution, grid, global });
    const views = viewsOf(this.manifest);
    const highPixels = this.#tensor(high, [1, 3, highResolution, highResolution]);
    const lowPixels = this.#tensor(low, [views, 3, lowResolution, lowResolution]);
    const preprocessed = performance.now();
    timings.preprocess += preprocessed - started;

    onStage("looking");
    await pause(signal);
    const coarse = await this.#networks.lowResolution.run({ pixels: lowPixels });
    onStage("looking-closely");
    await pause(signal);
    const maps = await this.#networks.highResolution.run({ pixels: highPixels });
    await pause(signal);
    const stages = Object.fromEntries(Object.entries(maps).filter(([name]) => /^stage\d$/.test(name)));
    const mined = await this.#networks.visualTokens.run({ ...coarse, ...stages });
    timings.encode += performance.now() - preprocessed;
    const intermediates = { lr_pixels: lowPixels, hr_pixels: highPixels, ...coarse, ...maps, ...mined };
    return { tokens: floats(mined, "visual_tokens"), intermediates };
  }

  async dispose(): Promise<void> {
    const { lowResolution, highResolution, visualTokens } = this.#networks;
    await Promise.all([lowResolution.dispose(), highResolution.dispose(), visualTokens.dispose()]);
  }

  #tensor(data: Float32Array, dims: readonly number[]): Tensor {
    return new this.#runtime.Tensor("float32", data, dims);
  }
}

/** Lets messages in (the native runs block the thread), then stops if one of them was a cancel. */
async function pause(signal: AbortSignal | undefined): Promise<void> {
  await setImmediate();
  throwIfCancelled(signal);
}

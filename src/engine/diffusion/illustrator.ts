/**
 * A pipeline of latent diffusion, ready to draw.
 *
 *   prompt ─► text encoders ─┐
 *   noise ──────────────────►├─► UNet, step by step ─► latents ─► autoencoder ─► picture
 *   picture ─► autoencoder ──┘   (or noise over the picture's latents)
 */
import { throwIfCancelled } from "../../shared/failure";
import type {
  GenerateParams,
  GeneratePart,
  GenerateResult,
  GenerateStage,
  GenerateTimings,
} from "../../shared/generate-protocol";
import { Graph } from "../graph/graph";
import { decodeImage, type RgbImage } from "../image/decode";
import { loadSharp } from "../image/raster";
import { unet } from "../networks/unet";
import type { Network, NetworkOptions } from "../runtime/network";
import { peakResidentBytes } from "../runtime/process-memory";
import { decodeLatents, decoderGraph, encodeImage, encoderGraph, fromRgb, type LatentSize, toRgb } from "./autoencoder";
import { batchOf, type Conditions, denoise } from "./denoise";
import { Networks } from "./networks";
import { openPipelineFolder, type PipelineFolder } from "./pipeline-folder";
import { type DrawingPlan, planDrawing, schedulerOf } from "./plan";
import { encodePng } from "./png";
import { Previewer, probeSize } from "./preview";
import { encodePrompt, type PromptEmbeddings, zeroEmbeddings } from "./prompt";
import { TorchRandom } from "./torch-random";

export interface IllustratorOptions extends NetworkOptions {
  /** Gives back memory that others hold. */
  readonly makeRoom?: (() => Promise<void>) | undefined;
}

export interface DrawOptions {
  readonly signal: AbortSignal;
  readonly onPart: (part: GeneratePart) => void;
}

type Timings = { -readonly [K in keyof GenerateTimings]: number };

export class Illustrator {
  readonly folder: PipelineFolder;
  readonly #device: NetworkOptions["device"];
  readonly #networks: Networks;
  #previewer: Previewer | undefined;

  private constructor(folder: PipelineFolder, options: IllustratorOptions) {
    this.folder = folder;
    this.#device = options.device;
    this.#networks = new Networks(options);
  }

  /** Reads and checks the folder; networks are opened when they are needed. @throws as `openPipelineFolder` does. */
  static async open(folder: string, options: IllustratorOptions): Promise<Illustrator> {
    return new Illustrator(await openPipelineFolder(folder), options);
  }

  /**
   * Draws all pictures of a request, each with the next seed.
   *
   * @throws FailureError `prompt-empty`, `option-invalid`, `out-of-memory`, `runtime-failed`, those of the picture to
   *   start from (`image-…`, `file-…`), `cancelled` between steps and between networks.
   */
  async draw(params: GenerateParams, options: DrawOptions): Promise<GenerateResult> {
    try {
      return await this.#draw(params, options);
    } finally {
      // What a run took stays with its network. Opening one again takes less than a second.
      await this.#networks.close();
    }
  }

  async #draw(params: GenerateParams, { signal, onPart }: DrawOptions): Promise<GenerateResult> {
    const started = performance.now();
    const timings: Timings = { load: 0, prompt: 0, steps: 0, decode: 0, total: 0 };
    const stage = (name: GenerateStage): void => {
      throwIfCancelled(signal);
      onPart({ kind: "stage", stage: name, done: 0, total: 1 });
    };
    const source = params.from === undefined ? undefined : await decodeImage(params.from.image, signal);
    const plan = await planDrawing(this.folder, params, source);

    stage("reading-prompt");
    const conditions = await timed(timings, "prompt", () => this.#conditions(plan));
    // The text encoders' work is done.
    await this.#networks.close();
    stage("loading");
    const previewer = await timed(timings, "load", () => this.#calibrated());
    for (let index = 0; index < plan.count; index++) {
      const random = new TorchRandom(plan.seed + index);
      const noise = (): Float32Array => random.normals(this.#latentLength(plan.latentSize));
      if (source !== undefined) stage("reading-image");
      const latents = await this.#firstLatents(plan, source, noise);
      if (index === 0) stage("loading");
      const network = await timed(timings, "load", () => this.#unet(plan.latentSize, batchOf(conditions)));
      const steps = plan.steps - plan.firstStep;
      const finished = await timed(timings, "steps", () =>
        denoise(network, this.folder.unet.config, latents, {
          scheduler: schedulerOf(plan),
          firstStep: plan.firstStep,
          size: plan.latentSize,
          conditions,
          noise,
          signal,
          onStep: (step, denoised) => {
            const preview = previewer.preview(denoised, plan.latentSize);
            onPart({ kind: "step", index, step: step - plan.firstStep + 1, steps, preview });
          },
        }),
      );
      stage("decoding");
      const png = await timed(timings, "decode", () => this.#picture(plan, plan.seed + index, finished));
      const { width, height } = plan;
      onPart({ kind: "picture", index, picture: { seed: plan.seed + index, width, height, png } });
    }
    timings.total = performance.now() - started;
    const { prompt, negative = "", steps, guidance, seed, width, height, scheduler, count: pictures } = plan;
    return {
      model: this.folder.name,
      embedded: this.folder.embedded,
      device: this.#device,
      pictures,
      ...{ prompt, negative, steps, guidance, seed, width, height },
      scheduler: scheduler.name,
      tokensLeftOut: conditions.prompt.leftOut,
      timings,
      peakRssMiB: Math.round(peakResidentBytes() / 2 ** 20),
    };
  }

  async #conditions({ prompt, negative, guidance, width, height }: DrawingPlan): Promise<Conditions> {
    const told = await encodePrompt(this.folder, this.#networks, prompt);
    const guided = guidance > 1 && this.folder.unet.config.guidanceWidth === undefined;
    const [first] = this.folder.textEncoders;
    return {
      prompt: told,
      negative: guided ? await this.#negative(told, negative) : undefined,
      guidance,
      tokens: first?.tokens ?? 1,
      pictureSize: { width, height },
    };
  }

  async #negative(prompt: PromptEmbeddings, text: string | undefined): Promise<PromptEmbeddings> {
    if (text === undefined && this.folder.zeroNegative) return zeroEmbeddings(prompt);
    return encodePrompt(this.folder, this.#networks, text ?? "");
  }

  /** Noise alone, or the picture's latents with the noise of the first step. */
  async #firstLatents(
    plan: DrawingPlan,
    source: RgbImage | undefined,
    noise: () => Float32Array,
  ): Promise<Float32Array> {
    const scheduler = schedulerOf(plan);
    if (source === undefined) return noise().map((value) => value * scheduler.initialNoise);
    const { autoencoder } = this.folder;
    const { latentSize } = plan;
    const image = fromRgb(await fitted(source, plan.width, plan.height));
    const encoder = await this.#networks.use(
      `vae-encoder ${sizeName(latentSize)}`,
      autoencoderBytes(this.folder, latentSize),
      () => encoderGraph(autoencoder, latentSize),
    );
    const latents = await encodeImage(encoder, autoencoder.config, image, latentSize);
    return scheduler.addNoise(latents, noise(), plan.firstStep);
  }

  async #picture(plan: DrawingPlan, seed: number, latents: Float32Array): Promise<Uint8Array> {
    const { width, height, latentSize } = plan;
    const image = await decodeLatents(
      await this.#decoder(latentSize),
      this.folder.autoencoder.config,
      latents,
      latentSize,
    );
    const description = describe(plan, seed, this.folder.name);
    return encodePng({ rgb: toRgb(image), width, height, description });
  }

  #unet(size: LatentSize, batch: 1 | 2): Promise<Network> {
    const { config, weights } = this.folder.unet;
    const [first] = this.folder.textEncoders;
    const tokens = first?.tokens ?? 1;
    const workBytes = unetFixedBytes + batch * size.height * size.width * (config.channels[0] ?? 0) * unetCellBytes;
    return this.#networks.use(`unet ${sizeName(size)} ${batch}`, workBytes, () => {
      const g = new Graph("unet", { weightsInPlace: true });
      g.output("out_sample", unet(g, weights, config, { batch, ...size, tokens }));
      return g;
    });
  }

  #decoder(size: LatentSize): Promise<Network> {
    return this.#networks.use(`vae-decoder ${sizeName(size)}`, autoencoderBytes(this.folder, size), () =>
      decoderGraph(this.folder.autoencoder, size),
    );
  }

  async #calibrated(): Promise<Previewer> {
    this.#previewer ??= await Previewer.calibrate(await this.#decoder(probeSize), this.folder.autoencoder.config);
    return this.#previewer;
  }

  #latentLength({ height, width }: LatentSize): number {
    return this.folder.autoencoder.config.latentChannels * height * width;
  }
}

/** What a run takes besides the weights; the measurements are in docs/performance-diffusion.md. */
const unetFixedBytes = 512 * 2 ** 20;
/** For each cell of the latents and each of the first block's channels. */
const unetCellBytes = 240;
/** For each pixel and each of the channels next to the pixels. */
const autoencoderPixelBytes = 48;

function autoencoderBytes({ autoencoder: { config } }: PipelineFolder, { height, width }: LatentSize): number {
  const channels = config.kind === "kl" ? (config.channels[0] ?? 0) : (config.decoderChannels.at(-1) ?? 0);
  return height * width * config.scale ** 2 * channels * autoencoderPixelBytes;
}

const sizeName = ({ height, width }: LatentSize): string => `${width}x${height}`;

/** The picture at the size wanted: its middle, cut to shape. 8-bit RGB. */
async function fitted({ data, width, height }: RgbImage, toWidth: number, toHeight: number): Promise<Uint8Array> {
  if (width === toWidth && height === toHeight) return data;
  const sharp = await loadSharp();
  return sharp(data, { raw: { width, height, channels: 3 } })
    .resize(toWidth, toHeight, { fit: "cover", kernel: "lanczos3" })
    .raw()
    .toBuffer();
}

/** In the words that other programs use for this. */
function describe(plan: DrawingPlan, seed: number, model: string): string {
  const { prompt, negative, steps, scheduler, guidance, width, height } = plan;
  const settings = [
    `Steps: ${steps}`,
    `Sampler: ${scheduler.name}`,
    `CFG scale: ${guidance}`,
    `Seed: ${seed}`,
    `Size: ${width}x${height}`,
    `Model: ${model}`,
  ];
  const lines = [prompt, ...(negative === undefined ? [] : [`Negative prompt: ${negative}`]), settings.join(", ")];
  return lines.join("\n");
}

async function timed<T>(timings: Timings, name: keyof Timings, work: () => Promise<T>): Promise<T> {
  const started = performance.now();
  try {
    return await work();
  } finally {
    timings[name] += performance.now() - started;
  }
}

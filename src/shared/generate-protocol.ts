/**
 * What is asked of the engine to draw pictures, and what comes back: `HostToEngine.generate`.
 *
 * What is left out of the parameters is the model's own choice; the result tells what it was.
 */
import type { Device, ImageSource } from "./protocol";

/** Of diffusers: EulerDiscrete, EulerAncestralDiscrete, LCM, DPMSolverMultistep (dpmsolver++, second order). */
export type SchedulerName = "euler" | "euler-ancestral" | "lcm" | "dpmpp-2m";

export const schedulerNames: readonly SchedulerName[] = ["euler", "euler-ancestral", "lcm", "dpmpp-2m"];

/** Whole seeds from 0 up to this. */
export const largestSeed = 2 ** 32 - 1;

export interface GenerateParams {
  /** A published diffusers folder (with model_index.json), or the embedded illustrator's. */
  readonly model: string;
  /** Folder under which prepared models are kept. */
  readonly preparedRoot: string;
  readonly device: Device;
  /** Threads for the networks; 0 lets the engine choose. */
  readonly threads: number;
  /** Give the model's memory back after this long without a request; 0 or absent keeps it. */
  readonly idleUnloadSeconds?: number | undefined;

  readonly prompt: string;
  /** What the pictures must not show; only with guidance above 1. */
  readonly negative?: string | undefined;
  /** 1 to 150. */
  readonly steps?: number | undefined;
  /** Classifier-free guidance, 0 to 30; at 1 and below there is none. */
  readonly guidance?: number | undefined;
  /** Of the first picture; each further one has the next seed. */
  readonly seed: number;
  /** Multiples of 8, 64 to 2048. */
  readonly size?: { readonly width: number; readonly height: number } | undefined;
  /** Pictures, 1 to 16; drawn one after the other. */
  readonly count: number;
  /** The folder's scheduler_config.json decides unless given. */
  readonly scheduler?: SchedulerName | undefined;
  /** Start from this picture instead of noise alone. */
  readonly from?:
    | {
        readonly image: ImageSource;
        /** How much of it is drawn anew, above 0 to 1. */
        readonly strength: number;
      }
    | undefined;
}

/** Work before and after the steps, in the order in which it is done. */
export type GenerateStage = "reading" | "preparing" | "loading" | "reading-prompt" | "reading-image" | "decoding";

/** A small picture of unfinished latents: RGB, row by row, one pixel for each 8 × 8 of the picture. */
export interface LatentPreview {
  readonly width: number;
  readonly height: number;
  readonly rgb: Uint8Array;
}

export interface GeneratedPicture {
  readonly seed: number;
  readonly width: number;
  readonly height: number;
  /** A PNG file; prompt, seed and settings are in its text chunk `parameters` and in its XMP. */
  readonly png: Uint8Array;
}

export type GeneratePart =
  /** Work done and to do: bytes where that makes sense, else 0 of 1. */
  | { readonly kind: "stage"; readonly stage: GenerateStage; readonly done: number; readonly total: number }
  /** After step `step` (1 to `steps`) of picture `index`. */
  | {
      readonly kind: "step";
      readonly index: number;
      readonly step: number;
      readonly steps: number;
      readonly preview: LatentPreview;
    }
  /** Picture `index` is done. */
  | { readonly kind: "picture"; readonly index: number; readonly picture: GeneratedPicture };

export interface GenerateTimings {
  /** Reading, preparing and loading of networks. */
  readonly load: number;
  readonly prompt: number;
  readonly steps: number;
  readonly decode: number;
  readonly total: number;
}

/** What was drawn and how; the pictures themselves came as parts. */
export interface GenerateResult {
  /** Name of the model's folder. */
  readonly model: string;
  /** True for the embedded illustrator, which the front ends must name. */
  readonly embedded: boolean;
  readonly device: Exclude<Device, "auto">;
  readonly pictures: number;
  readonly prompt: string;
  readonly negative: string;
  readonly steps: number;
  readonly guidance: number;
  readonly seed: number;
  readonly width: number;
  readonly height: number;
  readonly scheduler: SchedulerName;
  /** How many tokens of the prompt did not fit the text encoder and were left out. */
  readonly tokensLeftOut: number;
  /** Milliseconds, all pictures together. */
  readonly timings: GenerateTimings;
  readonly peakRssMiB: number;
}

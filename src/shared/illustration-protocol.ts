/**
 * What the illustration panel and the extension host tell each other. The host draws, stores and saves; the panel shows
 * what it is told and asks.
 */
import { type LatentPreview, largestSeed } from "./generate-protocol";
import type { ViewFailure } from "./view-protocol";

export const styleNames = ["none", "flat", "line", "isometric", "icon", "banner"] as const;

export type StyleName = (typeof styleNames)[number];

export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/** A picture to start from instead of noise alone. */
export interface StartPicture {
  /** A file in the folder of the panel's pictures. */
  readonly file: string;
  /** What people know it by. */
  readonly name: string;
  /** How much of it is drawn anew, above 0 to 1. */
  readonly strength: number;
}

/** What a person asks for. Null leaves the choice to the model, or the seed to chance. */
export interface IllustrationForm {
  readonly prompt: string;
  readonly style: StyleName;
  readonly size: PictureSize | null;
  /** Variations, 1 to {@link mostVariations}. */
  readonly count: number;
  readonly seed: number | null;
  readonly negative: string;
  /** 1 to 150. */
  readonly steps: number | null;
  /** 0 to 30. */
  readonly guidance: number | null;
  readonly from: StartPicture | null;
}

export const emptyForm: IllustrationForm = {
  prompt: "",
  style: "none",
  size: null,
  count: 1,
  seed: null,
  negative: "",
  steps: null,
  guidance: null,
  from: null,
};

export const mostVariations = 4;
export const longestPrompt = 4000;

export interface PanelPicture {
  readonly id: string;
  /** Its file in the folder of the panel's pictures. */
  readonly file: string;
  /** Address of the stored picture inside the webview. */
  readonly source: string;
  /** What was asked for, with the seed that this picture has. */
  readonly form: IllustrationForm;
  readonly width: number;
  readonly height: number;
  readonly model: string;
  /** Whether the small embedded model drew it, which the panel must say. */
  readonly embedded: boolean;
  /** File in the workspace that it was saved to last. */
  readonly saved?: string | undefined;
}

export interface PanelState {
  /** Address of the folder of the panel's pictures inside the webview. */
  readonly folder: string;
  /** Newest first. */
  readonly pictures: readonly PanelPicture[];
  readonly busy: boolean;
  /** Null where no model is there to draw with. */
  readonly model: { readonly name: string; readonly embedded: boolean } | null;
  readonly failure: ViewFailure | null;
  /** The document that references go into. */
  readonly document: string | null;
}

export type HostToPanel =
  | { readonly kind: "state"; readonly state: PanelState }
  | { readonly kind: "fill"; readonly form: IllustrationForm }
  /** A picture that was chosen to start from. */
  | { readonly kind: "start"; readonly start: Pick<StartPicture, "file" | "name"> }
  /** What is being done, and how much of it; null where nobody knows. */
  | { readonly kind: "progress"; readonly text: string; readonly fraction: number | null }
  | { readonly kind: "preview"; readonly preview: LatentPreview }
  /** Something for people who do not see the panel. */
  | { readonly kind: "announce"; readonly text: string };

export type PanelToHost =
  | { readonly kind: "ready" }
  | { readonly kind: "generate"; readonly form: IllustrationForm }
  | { readonly kind: "stop" }
  | { readonly kind: "choose-start" }
  | { readonly kind: "save"; readonly picture: string }
  | { readonly kind: "insert"; readonly picture: string }
  | { readonly kind: "remove"; readonly picture: string }
  | { readonly kind: "choose-model" }
  | { readonly kind: "show-log" };

/** Whether a value that came from the panel has the shape of a message. */
export function isPanelMessage(value: unknown): value is PanelToHost {
  if (!isRecord(value)) return false;
  switch (value["kind"]) {
    case "ready":
    case "stop":
    case "choose-model":
    case "choose-start":
    case "show-log":
      return true;
    case "save":
    case "insert":
    case "remove":
      return isText(value["picture"], 100);
    case "generate":
      return isIllustrationForm(value["form"]);
    default:
      return false;
  }
}

export function isIllustrationForm(value: unknown): value is IllustrationForm {
  if (!isRecord(value)) return false;
  const { prompt, style, size, count, seed, negative, steps, guidance, from } = value;
  return (
    isText(prompt, longestPrompt) &&
    isText(negative, longestPrompt) &&
    styleNames.some((name) => name === style) &&
    (size === null || (isRecord(size) && isSide(size["width"]) && isSide(size["height"]))) &&
    isWhole(count, 1, mostVariations) &&
    (seed === null || isWhole(seed, 0, largestSeed)) &&
    (steps === null || isWhole(steps, 1, 150)) &&
    (guidance === null || (typeof guidance === "number" && guidance >= 0 && guidance <= 30)) &&
    (from === null || isStart(from))
  );
}

function isStart(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const { file, name, strength } = value;
  return (
    isText(file, 100) &&
    // A file of that folder, and of no other.
    /^[\w-]+\.\w+$/.test(file) &&
    isText(name, longestPrompt) &&
    typeof strength === "number" &&
    strength > 0 &&
    strength <= 1
  );
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;

const isText = (value: unknown, longest: number): value is string =>
  typeof value === "string" && value.length <= longest;

const isWhole = (value: unknown, least: number, most: number): boolean =>
  Number.isInteger(value) && Number(value) >= least && Number(value) <= most;

const isSide = (value: unknown): boolean => isWhole(value, 64, 2048) && Number(value) % 8 === 0;

/**
 * Every message of the extension, in one place.
 *
 *   webview  --ViewToHost-->  extension host  --HostToEngine-->  engine process
 *   webview  <--HostToView--  extension host
 *
 * A method is what is asked, what comes back, and the parts that arrive on the way. All of it is plain data that
 * structured clone carries. The view's own channel is in `view-protocol.ts`, what drawing asks in `generate-protocol.ts`.
 */
import type { EncodePictureParams, EncodePictureResult } from "./encode-protocol";
import type { GenerateParams, GeneratePart, GenerateResult } from "./generate-protocol";

export interface Method<Params, Result, Part = never> {
  readonly params: Params;
  readonly result: Result;
  readonly part: Part;
}

/** Asked of the engine process by the extension host (and by the command line front end, in process). */
export interface HostToEngine {
  /** Makes a checkpoint ready to answer. A model already loaded with the same settings is kept. */
  load: Method<LoadParams, LoadedModel, LoadPart>;
  /** Answers the last user turn of a conversation. Loads nothing: `load` comes first. */
  explain: Method<ExplainParams, ExplainResult, ExplainPart>;
  /** Writes the prepared form of a checkpoint without loading it. */
  prepare: Method<PrepareParams, PrepareResult, LoadPart>;
  /** Draws pictures. Loads the diffusion model itself, and keeps what it needs again while memory allows. */
  generate: Method<GenerateParams, GenerateResult, GeneratePart>;
  /** Writes a drawn picture in another format. Needs no model, and waits for none. */
  encodePicture: Method<EncodePictureParams, EncodePictureResult>;
  /** Gives all model memory back. */
  unload: Method<Record<string, never>, Record<string, never>>;
  status: Method<Record<string, never>, EngineStatus>;
}

/** `f32` is exact; `int8` and `int4` quantise the language model block-wise. */
export type Precision = "f32" | "int8" | "int4";

/** Where the networks run. `auto` times what this machine has and remembers the winner. */
export type Device = "auto" | "cpu" | "webgpu" | "cuda" | "directml" | "coreml";

export interface ModelFolders {
  /** A published checkpoint folder, or a prepared one. */
  readonly model: string;
  /** Folder that holds the two encoder folders; not needed where the checkpoint holds its encoders itself. */
  readonly encoders?: string | undefined;
}

export interface PrepareParams extends ModelFolders {
  readonly precision: Precision;
  /** False has an HD checkpoint (`image_grid` > 1) look at one view instead of five: faster, and less sharp. */
  readonly highDefinition?: boolean | undefined;
  /** Folder under which prepared models are kept. */
  readonly preparedRoot: string;
}

export interface PrepareResult {
  readonly folder: string;
  readonly bytes: number;
  /** False when it had been prepared before. */
  readonly wrote: boolean;
}

/** A server that answers in the local model's place, over OpenAI's API (vLLM, llama.cpp, Ollama). */
export interface ServerAddress {
  /** As a person wrote it: `http://host:8000`, with or without `/v1`. */
  readonly url: string;
  /** Name of a model there; "" takes the first that the server names. */
  readonly model: string;
  /** Bearer token; never logged. */
  readonly token?: string | undefined;
  /** False keeps images here: only the text read in them is sent. */
  readonly sendImages: boolean;
  /** Longest silence of the server. */
  readonly timeoutSeconds: number;
}

export interface LoadParams extends PrepareParams {
  /** When given, this server answers and the folders are not looked at. */
  readonly server?: ServerAddress | undefined;
  readonly device: Device;
  /** Threads for the networks; 0 lets the engine choose. */
  readonly threads: number;
  /** Give the model's memory back after this long without a request; 0 or absent keeps it. */
  readonly idleUnloadSeconds?: number | undefined;
}

export interface LoadPart {
  readonly stage: "reading" | "quantising" | "writing" | "choosing-device" | "loading";
  /** Work done and to do, in bytes of published weights where that makes sense, else in steps. */
  readonly done: number;
  readonly total: number;
}

/** What a server does not tell is null. */
export interface LoadedModel {
  readonly name: string;
  /** Name and port of the server that answers; absent where this engine does. */
  readonly server?: string | undefined;
  readonly precision: Precision | null;
  readonly device: Exclude<Device, "auto"> | null;
  readonly visualTokensPerImage: number | null;
  /** Longest prompt and answer together, in tokens. */
  readonly contextLength: number | null;
  /** Tokens from which on a prompt is read layer by layer; absent where none is. */
  readonly layersFrom?: number | undefined;
  /** True for the embedded starter, which the front ends must name. */
  readonly starter: boolean;
  readonly milliseconds: number;
  readonly notices: readonly Notice[];
}

/** Something the person should know once, without anything having failed. */
export type Notice =
  | { readonly code: "device-fell-back"; readonly device: string; readonly reason: string }
  | { readonly code: "history-dropped"; readonly turns: number }
  | { readonly code: "answer-cut"; readonly tokens: number }
  | { readonly code: "answer-repeats"; readonly tokens: number }
  | { readonly code: "ocr-failed"; readonly reason: string }
  /** How many lines of text were left out. */
  | { readonly code: "ocr-cut"; readonly lines: number }
  /** Told by the extension host: another window's engine holds a large model too. */
  | {
      readonly code: "other-engine";
      readonly process: number;
      readonly model: string;
      readonly memoryBytes: number;
    };

export interface Rectangle {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** A part of an image, in pixels of the upright original. */
export interface ImagePart extends Rectangle {
  /**
   * The size of the whole in those pixels; the original's own where it is not said. A drawing (SVG) has none: it is as
   * large as whoever shows it makes it.
   */
  readonly of?: { readonly width: number; readonly height: number } | undefined;
}

/** An image as a person gave it: a file, or bytes that were pasted or come from a virtual file system. */
export interface ImageSource {
  /** What people know it by; never used as a path. */
  readonly name: string;
  readonly data:
    { readonly kind: "file"; readonly file: string } | { readonly kind: "bytes"; readonly bytes: Uint8Array };
  readonly crop?: ImagePart | undefined;
}

export type Turn =
  | { readonly role: "user"; readonly text: string; readonly images: readonly ImageSource[] }
  | { readonly role: "assistant"; readonly text: string };

export interface Sampling {
  readonly maxTokens: number;
  /** 0 is greedy. */
  readonly temperature: number;
  /** In (0, 1]; 1 keeps all. */
  readonly topP: number;
  /** 0 keeps all. */
  readonly topK: number;
  /** 1 changes nothing. */
  readonly repetitionPenalty: number;
  readonly seed: number;
}

/** Names of the reference (mgm/conversation.py). */
export type TemplateName = "vicuna_v1" | "gemma" | "llama_3" | "mistral_instruct" | "chatml_direct";

export interface ExplainParams {
  /** Oldest first; the last is the user's. */
  readonly turns: readonly Turn[];
  readonly sampling: Sampling;
  /** Read the text of each image and tell it to the model. */
  readonly ocr: boolean;
  /** Ask for an image prompt too (the reference's `<GEN>` option). */
  readonly drawing?: boolean | undefined;
  /** The last turn asks what an error in its images means: the starter's answer has what the built-in list says of it. */
  readonly asksAboutError?: boolean | undefined;
  readonly template?: TemplateName | undefined;
  /** Texts that end the answer; they are not part of it. */
  readonly stop?: readonly string[] | undefined;
}

export type Stage = "decoding" | "reading-text" | "looking" | "looking-closely" | "thinking" | "writing";

export interface OcrLine {
  readonly text: string;
  /** Confidence, 0 to 1. */
  readonly confidence: number;
  /** Corner points in pixels of the upright image, clockwise from top left. */
  readonly box: readonly (readonly [x: number, y: number])[];
}

export type ExplainPart =
  | { readonly kind: "stage"; readonly stage: Stage; readonly done: number; readonly total: number }
  /** What was taken in of one image of the last turn. */
  | {
      readonly kind: "image";
      readonly index: number;
      readonly width: number;
      readonly height: number;
      /** Null where a server looks at it. */
      readonly visualTokens: number | null;
      readonly ocr: readonly OcrLine[];
    }
  /** More of the answer; whole characters only. */
  | { readonly kind: "text"; readonly text: string }
  /** The model asks for a picture: what stood inside `<h>…</h>`. */
  | { readonly kind: "image-prompt"; readonly prompt: string }
  | { readonly kind: "notice"; readonly notice: Notice };

export interface ExplainTimings {
  readonly load: number;
  readonly preprocess: number;
  readonly ocr: number;
  readonly encode: number;
  readonly prefill: number;
  readonly decode: number;
  readonly total: number;
}

export interface ExplainResult {
  readonly text: string;
  /** Generated tokens. */
  readonly tokens: number;
  readonly promptTokens: number;
  /** Prompt tokens that were already in the key-value cache. */
  readonly cachedTokens: number;
  /** Null where a server looked at the images. */
  readonly visualTokens: number | null;
  readonly imagePrompts: readonly string[];
  /** Why the answer ended; `loop`: it repeated itself. */
  readonly stopped: "end" | "length" | "stop-text" | "loop";
  /** Milliseconds. */
  readonly timings: ExplainTimings;
  readonly decodeTokensPerSecond: number;
  readonly peakRssMiB: number;
}

export interface EngineStatus {
  readonly state: "empty" | "loading" | "ready" | "working";
  readonly model: LoadedModel | null;
  readonly rssBytes: number;
  readonly peakRssBytes: number;
  readonly idleMilliseconds: number;
}

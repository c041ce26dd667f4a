/**
 * What can go wrong, as data: the only errors that cross a process boundary.
 *
 * Code that meets one of these throws `new FailureError({ code, ... })`. Anything else that is thrown is a bug and
 * crosses as `{ code: "bug" }`. Facts only: the wording for people is made by the front ends (`failure-text.ts`).
 */
export type Failure =
  | { readonly code: "cancelled" }
  | { readonly code: "bug"; readonly message: string; readonly stack?: string }
  | EngineFailure
  | ImageFailure
  | WeightFailure
  | ModelFailure
  | HubFailure
  | LibraryFailure
  | PromptFailure
  | ServerFailure
  | FileFailure;

/** The engine process itself. */
export type EngineFailure =
  | { readonly code: "engine-exited"; readonly exitCode: number | null; readonly signal: string | null }
  | { readonly code: "engine-unresponsive"; readonly seconds: number }
  | { readonly code: "engine-crash-loop"; readonly crashes: number; readonly last: string }
  | { readonly code: "engine-native"; readonly library: string; readonly message: string }
  | { readonly code: "engine-busy"; readonly method: string }
  | { readonly code: "out-of-memory"; readonly neededBytes: number; readonly availableBytes: number }
  | { readonly code: "device-unavailable"; readonly device: string; readonly reason: string }
  | { readonly code: "runtime-failed"; readonly network: string; readonly message: string };

/** Images that cannot be shown to the model. `image` is the name a person knows it by. */
export type ImageFailure =
  | { readonly code: "image-empty"; readonly image: string }
  | { readonly code: "image-unsupported"; readonly image: string; readonly found: string }
  | { readonly code: "image-damaged"; readonly image: string; readonly reason: string }
  | { readonly code: "image-too-large"; readonly image: string; readonly pixels: number; readonly limit: number }
  | { readonly code: "image-crop-outside"; readonly image: string; readonly width: number; readonly height: number };

/** Checkpoint files and the tensors in them. */
export type WeightFailure =
  | { readonly code: "weight-missing"; readonly tensor: string; readonly file: string }
  | {
      readonly code: "weight-shape";
      readonly tensor: string;
      readonly file: string;
      readonly expected: readonly number[];
      readonly found: readonly number[];
    }
  | { readonly code: "weight-dtype"; readonly tensor: string; readonly file: string; readonly found: string }
  | { readonly code: "weight-duplicate"; readonly tensor: string; readonly file: string; readonly other: string }
  | {
      readonly code: "weight-range";
      readonly tensor: string;
      readonly file: string;
      readonly begin: number;
      readonly end: number;
      readonly fileBytes: number;
    }
  | { readonly code: "weight-overlap"; readonly tensor: string; readonly other: string; readonly file: string }
  | { readonly code: "weight-unused"; readonly tensor: string; readonly file: string; readonly count: number }
  | { readonly code: "weight-not-finite"; readonly tensor: string; readonly file: string }
  | { readonly code: "weights-header"; readonly file: string; readonly reason: string }
  | { readonly code: "pickle-refused"; readonly file: string; readonly found: string }
  | { readonly code: "index-outside-folder"; readonly file: string; readonly entry: string };

/** A checkpoint folder as a whole. */
export type ModelFailure =
  | { readonly code: "model-folder-missing"; readonly folder: string }
  | { readonly code: "model-not-loaded" }
  | { readonly code: "config-missing"; readonly file: string; readonly field: string }
  | {
      readonly code: "config-invalid";
      readonly file: string;
      readonly field: string;
      readonly expected: string;
      readonly found: string;
    }
  | { readonly code: "model-family-unknown"; readonly file: string; readonly found: string }
  /** A folder that is no pipeline of latent diffusion, or of a kind that is not supported. */
  | { readonly code: "pipeline-unknown"; readonly file: string; readonly found: string }
  | { readonly code: "illustrator-missing"; readonly folder: string }
  | { readonly code: "tokenizer-missing"; readonly folder: string }
  | { readonly code: "tokenizer-invalid"; readonly file: string; readonly reason: string }
  | {
      readonly code: "tokenizer-mismatch";
      readonly file: string;
      readonly vocabulary: number;
      readonly embeddings: number;
    }
  | { readonly code: "encoder-missing"; readonly encoder: string; readonly searched: readonly string[] }
  | { readonly code: "prepared-invalid"; readonly folder: string; readonly reason: string };

/** Downloads. `host` is the server's name; `file` is a file of the repository. */
export type HubFailure =
  | { readonly code: "hub-unreachable"; readonly host: string; readonly reason: string }
  | { readonly code: "hub-unauthorized"; readonly host: string; readonly repository: string; readonly status: number }
  | { readonly code: "hub-missing"; readonly host: string; readonly file: string }
  | { readonly code: "hub-busy"; readonly host: string; readonly status: number }
  | { readonly code: "hub-refused"; readonly host: string; readonly status: number; readonly file: string }
  | { readonly code: "hub-answer"; readonly host: string; readonly found: string }
  | { readonly code: "hub-redirects"; readonly host: string }
  | { readonly code: "endpoint-invalid"; readonly found: string }
  | { readonly code: "download-stalled"; readonly file: string; readonly seconds: number }
  | {
      readonly code: "download-mismatch";
      readonly file: string;
      readonly expected: string;
      readonly found: string;
    };

/** The models that are kept on this machine. */
export type LibraryFailure =
  | { readonly code: "model-unknown"; readonly model: string }
  | { readonly code: "model-in-use"; readonly model: string; readonly processes: readonly number[] }
  | { readonly code: "model-busy"; readonly model: string; readonly process: number }
  | { readonly code: "model-incomplete"; readonly model: string; readonly missing: string }
  | { readonly code: "model-damaged"; readonly model: string; readonly files: readonly string[] }
  | { readonly code: "archive-invalid"; readonly file: string; readonly reason: string }
  | { readonly code: "archive-without-model"; readonly file: string };

/** What was asked. */
export type PromptFailure =
  | { readonly code: "prompt-empty" }
  | { readonly code: "prompt-too-long"; readonly tokens: number; readonly limit: number }
  | { readonly code: "template-unknown"; readonly name: string; readonly known: readonly string[] }
  | { readonly code: "option-invalid"; readonly option: string; readonly expected: string; readonly found: string };

/** The server that answers in the local model's place. `server` is its name and port, `reason` its own words. */
export type ServerFailure =
  | { readonly code: "server-address-invalid"; readonly found: string; readonly reason: string }
  | { readonly code: "server-unreachable"; readonly server: string; readonly reason: string }
  | { readonly code: "server-silent"; readonly server: string; readonly seconds: number }
  | { readonly code: "server-unauthorised"; readonly server: string; readonly status: number }
  | { readonly code: "server-model-missing"; readonly server: string; readonly model: string }
  | { readonly code: "server-images-refused"; readonly server: string; readonly reason: string }
  | { readonly code: "server-too-large"; readonly server: string; readonly bytes: number }
  | { readonly code: "server-busy"; readonly server: string; readonly seconds: number | null }
  | { readonly code: "server-refused"; readonly server: string; readonly status: number; readonly reason: string }
  | { readonly code: "server-failed"; readonly server: string; readonly status: number; readonly reason: string }
  | { readonly code: "server-not-api"; readonly server: string; readonly found: string }
  | { readonly code: "server-cut"; readonly server: string; readonly reason: string };

/** The file system. */
export type FileFailure =
  | { readonly code: "file-missing"; readonly file: string }
  | { readonly code: "file-unreadable"; readonly file: string; readonly reason: string }
  | { readonly code: "file-too-large"; readonly file: string; readonly bytes: number; readonly limit: number }
  | { readonly code: "write-failed"; readonly file: string; readonly reason: string }
  | { readonly code: "file-exists"; readonly file: string }
  | { readonly code: "file-name-invalid"; readonly file: string }
  | { readonly code: "folder-missing"; readonly folder: string }
  | { readonly code: "write-refused"; readonly file: string }
  | { readonly code: "write-no-space"; readonly file: string; readonly neededBytes: number }
  | { readonly code: "outside-workspace"; readonly file: string }
  | {
      readonly code: "disk-full";
      readonly folder: string;
      readonly neededBytes: number;
      readonly availableBytes: number;
    };

export type FailureCode = Failure["code"];

/** A failure on its way up the stack. */
export class FailureError extends Error {
  readonly failure: Failure;

  constructor(failure: Failure, options?: ErrorOptions) {
    super(JSON.stringify(failure), options);
    this.name = "FailureError";
    this.failure = failure;
  }
}

/** The failure behind a thrown value. */
export function failureOf(thrown: unknown): Failure {
  if (thrown instanceof FailureError) return thrown.failure;
  if (thrown instanceof Error) {
    if (thrown.name === "AbortError") return { code: "cancelled" };
    return thrown.stack === undefined
      ? { code: "bug", message: thrown.message }
      : { code: "bug", message: thrown.message, stack: thrown.stack };
  }
  return { code: "bug", message: String(thrown) };
}

/** Throws the `cancelled` failure when the signal has fired. */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new FailureError({ code: "cancelled" });
}

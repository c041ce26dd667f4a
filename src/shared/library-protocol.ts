/**
 * What the extension host asks of the library's process, which keeps the models of this machine: it downloads, checks,
 * prepares and deletes them. It is a process of its own so that a download goes on while the engine runs (a native run
 * blocks the engine's thread) and ends with neither of them.
 */
import type { Failure } from "./failure";
import type { Device, Method, Precision } from "./protocol";

export interface HostToLibrary {
  status: Method<Record<string, never>, Record<string, never>>;
  /** What this machine has to run models with. */
  machine: Method<{ readonly folder: string }, MachineFacts>;
  /** The state of every model of the catalogue, as the disk tells. */
  list: Method<LibraryFolders, readonly ModelOnDisk[]>;
  /** Fetches a model and prepares it. Cancelling keeps what has arrived: asking again goes on from there. */
  get: Method<GetParams, ModelOnDisk, LibraryPart>;
  /** Hashes every file of a model against what was published. @throws `model-damaged` */
  verify: Method<ModelParams, ModelOnDisk, LibraryPart>;
  /** Deletes all of a model, or what has arrived of it. @throws `model-in-use`, `model-busy` */
  remove: Method<ModelParams, Record<string, never>>;
  /** Copies the models of a folder or an archive into the library and prepares them. */
  install: Method<InstallParams, InstallResult, LibraryPart>;
  /** Looks at a folder that somebody wants to use in place. */
  inspect: Method<InspectParams, InspectedFolder>;
}

export interface LibraryFolders {
  /** Holds one folder for each model and encoder. */
  readonly modelsRoot: string;
  /** Folder under which prepared models are kept. */
  readonly preparedRoot: string;
}

export interface ModelParams extends LibraryFolders {
  readonly model: string;
}

export interface NetworkSettings {
  /** The hub or a mirror of it: `https://host`, no path needed. */
  readonly endpoint: string;
  /** Access token of the hub; never written anywhere. */
  readonly token?: string | undefined;
  /** Address of the proxy; the environment's (HTTPS_PROXY) where absent. */
  readonly proxy?: string | undefined;
  /** Hosts that are asked directly. */
  readonly noProxy?: readonly string[] | undefined;
  /** Value of the header Proxy-Authorization. */
  readonly proxyAuthorization?: string | undefined;
  readonly useProxy: boolean;
  /** False accepts a proxy whose certificate cannot be checked. */
  readonly strictTls: boolean;
  readonly pace?: NetworkPace | undefined;
}

/** How patient downloads are; the defaults suit people, tests are in a hurry. */
export interface NetworkPace {
  /** Attempts in a row without progress. */
  readonly attempts?: number;
  /** Wait before the second attempt, doubled for each further one. */
  readonly retryMilliseconds?: number;
  /** Slower than `slowestBytesPerSecond` for this long counts as stalled. */
  readonly stallSeconds?: number;
  readonly slowestBytesPerSecond?: number;
  /** Files at once. */
  readonly files?: number;
}

export interface GetParams extends ModelParams {
  readonly precision: Precision;
  readonly network: NetworkSettings;
  /** Keep the published 16-bit files after preparing; else they are prepared as they arrive where that works. */
  readonly keepPublished: boolean;
}

export interface InstallParams extends LibraryFolders {
  /** A folder of model folders, one model's folder, or an archive of either. */
  readonly source: string;
  readonly precision: Precision;
}

export interface InstallResult {
  readonly installed: readonly InstalledFolder[];
}

export interface InstalledFolder {
  readonly kind: InspectedFolder["kind"] | "encoder";
  readonly folder: string;
}

export interface InspectParams {
  readonly folder: string;
  readonly encoders?: string | undefined;
}

export interface InspectedFolder {
  readonly kind: "published" | "prepared" | "diffusion";
  /** What its config.json says it is. */
  readonly description: string;
}

export type LibraryStage = "asking" | "downloading" | "preparing" | "verifying" | "copying";

export interface LibraryPart {
  readonly stage: LibraryStage;
  /** Bytes. */
  readonly done: number;
  readonly total: number;
  /** Of the last seconds; 0 where it is not known yet. */
  readonly bytesPerSecond: number;
  /** Why it waits before it tries again. */
  readonly retrying?: Failure | undefined;
}

export type DiskState =
  | { readonly kind: "absent" }
  /** Begun and not finished; `total` is 0 where it is not known. */
  | { readonly kind: "partial"; readonly done: number; readonly total: number }
  /** `folder` is what the engine loads. */
  | {
      readonly kind: "ready";
      readonly folder: string;
      /** Precisions that are prepared. */
      readonly precisions: readonly Precision[];
      /** Whether the published files are still there. */
      readonly published: boolean;
    }
  | { readonly kind: "broken"; readonly failure: Failure };

export interface ModelOnDisk {
  readonly model: string;
  readonly state: DiskState;
  /** All of its files. */
  readonly bytes: number;
  /** Processes that have it loaded. */
  readonly users: readonly number[];
  /** The process that is getting, preparing or deleting it, where that is another one. */
  readonly busy: number | null;
  /** The commit its files are of. */
  readonly revision: string | null;
  /** The device that was the fastest when this machine timed it; null before its first question. */
  readonly fastest: Exclude<Device, "auto"> | null;
}

export interface MachineFacts {
  readonly platform: string;
  readonly architecture: string;
  readonly processor: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly availableMemoryBytes: number;
  /** Free space where the models are kept. */
  readonly freeDiskBytes: number;
  /** Whether the processor has AVX2 (x64 only); null where that cannot be told. */
  readonly avx2: boolean | null;
  readonly gpus: readonly Gpu[];
}

export interface Gpu {
  readonly name: string;
  /** Null where it cannot be told, or is shared with the processor. */
  readonly memoryBytes: number | null;
}

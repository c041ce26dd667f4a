/**
 * The engine's methods: one model at a time, one request at a time.
 *
 * The native runtime blocks the thread while it runs, so requests queue; a cancelled request leaves the queue at once.
 */
import { FailureError, throwIfCancelled } from "../../shared/failure";
import type { Answering, Handlers } from "../../shared/peer";
import type { GenerateParams, GeneratePart, GenerateResult } from "../../shared/generate-protocol";
import type {
  EngineStatus,
  ExplainParams,
  ExplainPart,
  ExplainResult,
  HostToEngine,
  LoadedModel,
  LoadParams,
  LoadPart,
  PrepareParams,
  PrepareResult,
} from "../../shared/protocol";
import { encodePicture } from "../image/encode";
import { peakResidentBytes, residentBytes } from "../runtime/process-memory";
import { explain } from "./explain";
import { connectServer, explainOnServer, type ServerModel } from "./explain-on-server";
import { Drawing } from "./generate";
import { ImageReader } from "./image-reader";
import { loadModel, type Model } from "./load-model";
import { prepareModel } from "./prepare-model";

export interface EngineOptions {
  /** Folder with the models that read text in images. */
  readonly ocrFolder: string;
}

export class Engine {
  readonly handlers: Handlers<HostToEngine> = {
    load: (params, answering) => this.#queued(answering, () => this.#load(params, answering)),
    explain: (params, answering) => this.#explain(params, answering),
    prepare: (params, answering) => this.#queued(answering, () => this.#prepare(params, answering)),
    generate: (params, answering) => this.#queued(answering, () => this.#generate(params, answering)),
    encodePicture: (params, { signal }) => encodePicture(params, signal),
    unload: (_params, answering) => this.#queued(answering, () => this.#unload().then(() => ({}))),
    status: () => Promise.resolve(this.#status()),
  };

  readonly #images: ImageReader;
  readonly #drawing = new Drawing(() => this.#unloadModel());
  #model: Model | undefined;
  #server: ServerModel | undefined;
  #key: string | undefined;
  #loading = false;
  #running = 0;
  #queue: Promise<unknown> = Promise.resolve();
  #lastUse = performance.now();
  #idleTimer: NodeJS.Timeout | undefined;
  #idleSeconds = 0;

  constructor({ ocrFolder }: EngineOptions) {
    this.#images = new ImageReader(ocrFolder);
  }

  async #load(params: LoadParams, { signal, part }: Answering<LoadPart>): Promise<LoadedModel> {
    this.#idleSeconds = params.idleUnloadSeconds ?? 0;
    const { model, encoders, precision, highDefinition, device, threads, server } = params;
    const key = JSON.stringify([model, encoders, precision, highDefinition, device, threads, server]);
    const loaded = this.#loaded();
    if (loaded !== undefined && key === this.#key) return loaded;
    await this.#unload();
    this.#loading = true;
    try {
      if (server === undefined) this.#model = await loadModel(params, { signal, onPart: part });
      else this.#server = await connectServer(server, signal);
      this.#images.threads = threads;
      this.#key = key;
      return this.#loaded() ?? nothingLoaded();
    } finally {
      this.#loading = false;
    }
  }

  /** Answers of a server need no turn: only what is done here before they are asked for does. */
  async #explain(params: ExplainParams, answering: Answering<ExplainPart>): Promise<ExplainResult> {
    const { signal, part: onPart } = answering;
    const inTurn = <T>(work: () => Promise<T>): Promise<T> => this.#queued(answering, work);
    if (this.#server !== undefined) {
      return explainOnServer(this.#server, this.#images, params, { signal, onPart, inTurn });
    }
    return inTurn(() => explain(this.#model ?? nothingLoaded(), this.#images, params, { signal, onPart }));
  }

  async #prepare(params: PrepareParams, { signal, part }: Answering<LoadPart>): Promise<PrepareResult> {
    return prepareModel(params, { signal, onPart: part });
  }

  async #generate(params: GenerateParams, { signal, part }: Answering<GeneratePart>): Promise<GenerateResult> {
    this.#idleSeconds = params.idleUnloadSeconds ?? this.#idleSeconds;
    return this.#drawing.draw(params, { signal, onPart: part });
  }

  async #unload(): Promise<void> {
    this.#drawing.close();
    await this.#unloadModel();
  }

  async #unloadModel(): Promise<void> {
    const model = this.#model;
    this.#model = undefined;
    this.#server = undefined;
    this.#key = undefined;
    await model?.dispose();
    await this.#images.unload();
  }

  #loaded(): LoadedModel | undefined {
    return this.#server?.loaded ?? this.#model?.loaded;
  }

  #status(): EngineStatus {
    const loaded = this.#loaded();
    const ready = loaded === undefined ? "empty" : "ready";
    return {
      state: this.#loading ? "loading" : this.#running > 0 ? "working" : ready,
      model: loaded ?? null,
      rssBytes: residentBytes(),
      peakRssBytes: peakResidentBytes(),
      idleMilliseconds: this.#running > 0 ? 0 : Math.round(performance.now() - this.#lastUse),
    };
  }

  /** Runs one request after the other; one that is cancelled while it waits ends at once. */
  async #queued<T>({ signal }: { readonly signal: AbortSignal }, work: () => Promise<T>): Promise<T> {
    throwIfCancelled(signal);
    clearTimeout(this.#idleTimer);
    const before = this.#queue;
    let started = false;
    const run = async (): Promise<T> => {
      await before;
      started = true;
      this.#running++;
      try {
        throwIfCancelled(signal);
        return await work();
      } finally {
        this.#running--;
        this.#lastUse = performance.now();
        this.#watchIdle();
      }
    };
    const mine = run();
    // The next request waits for this one's end, however it ended.
    this.#queue = mine.catch(() => undefined);
    let leave = (): void => undefined;
    const left = new Promise<never>((_resolve, reject) => {
      leave = () => {
        if (!started) reject(new FailureError({ code: "cancelled" }));
      };
      signal.addEventListener("abort", leave, { once: true });
    });
    return Promise.race([mine, left]).finally(() => {
      signal.removeEventListener("abort", leave);
    });
  }

  #watchIdle(): void {
    clearTimeout(this.#idleTimer);
    if (this.#idleSeconds <= 0 || this.#loaded() === undefined) return;
    this.#idleTimer = setTimeout(() => {
      if (this.#running > 0) return;
      // What cannot be given back is no reason to refuse the next request, which loads anew.
      this.#queue = this.#queue.then(() => this.#unload()).catch(() => undefined);
    }, this.#idleSeconds * 1000).unref();
  }
}

function nothingLoaded(): never {
  throw new FailureError({ code: "model-not-loaded" });
}

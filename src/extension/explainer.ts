/** One question to the engine, with the model loaded first. Shared by the chat, the commands and VS Code's own AI. */
import path from "node:path";
import type * as vscode from "vscode";
import { type Failure, failureOf } from "../shared/failure";
import type { ExplainPart, ExplainResult, LoadedModel, LoadPart, Notice, Sampling, Turn } from "../shared/protocol";
import { chosenServer } from "./answering-server";
import type { EngineProcess } from "./engine-process";
import { EngineRegistry } from "./engine-registry";
import { loadParams, readsText, sampling } from "./settings";
import { Turnstile } from "./turnstile";

export interface AskOptions {
  readonly signal?: AbortSignal | undefined;
  readonly sampling?: Partial<Sampling> | undefined;
  /** Ask for an image prompt too. */
  readonly drawing?: boolean | undefined;
  /** The last turn asks what an error in its images means. */
  readonly asksAboutError?: boolean | undefined;
  readonly onLoad?: ((part: LoadPart) => void) | undefined;
  /** Told its notices once: when the model came into memory. */
  readonly onLoaded?: ((model: LoadedModel) => void) | undefined;
  readonly onPart?: ((part: ExplainPart) => void) | undefined;
}

/** What to ask, where it depends on who will answer. */
export type Turns = readonly Turn[] | ((model: LoadedModel) => readonly Turn[]);

export type EngineActivity =
  | { readonly kind: "idle" }
  | { readonly kind: "loading"; readonly fraction: number }
  | { readonly kind: "working" }
  | { readonly kind: "drawing"; readonly fraction: number }
  | { readonly kind: "failed"; readonly failure: Failure };

export interface EngineState {
  readonly activity: EngineActivity;
  /** The model in memory. */
  readonly model: LoadedModel | null;
  /** Memory of the engine process; 0 when none runs. */
  readonly rssBytes: number;
}

/** Memory of another window's engine from which on it is worth a word. */
const largeEngineBytes = 2 ** 30;

/** Whether a model has stayed loaded since. */
const isSame = (model: LoadedModel, before: LoadedModel | null): boolean =>
  before?.name === model.name && before.milliseconds === model.milliseconds;

function describeLoaded({ name, device, server, layersFrom }: LoadedModel): string {
  const place = server ?? device ?? "";
  const reading = layersFrom === undefined ? "" : `; prompts of more than ${layersFrom} tokens are read layer by layer`;
  return `loaded ${name} on ${place}${reading}`;
}

export class Explainer {
  readonly engine: EngineProcess;
  readonly #context: vscode.ExtensionContext;
  readonly #loading = new Turnstile();
  readonly #log: vscode.LogOutputChannel;
  readonly #registry: EngineRegistry;
  readonly #listeners = new Set<(state: EngineState) => void>();
  #state: EngineState = { activity: { kind: "idle" }, model: null, rssBytes: 0 };

  constructor(context: vscode.ExtensionContext, engine: EngineProcess, log: vscode.LogOutputChannel) {
    this.#context = context;
    this.#log = log;
    this.engine = engine;
    this.#registry = new EngineRegistry(path.join(context.globalStorageUri.fsPath, "engines"));
    engine.onEvent((event) => {
      if (event.kind === "status") {
        const { model, rssBytes } = event.status;
        this.#tell({ model, rssBytes });
        if (engine.pid !== null && model !== null) this.#announce(engine.pid, model, rssBytes);
      } else if (event.kind === "ended") {
        const { failure } = event;
        this.#registry.withdraw().catch(() => undefined);
        this.#tell({
          activity: failure === null ? { kind: "idle" } : { kind: "failed", failure },
          model: null,
          rssBytes: 0,
        });
      }
    });
  }

  get state(): EngineState {
    return this.#state;
  }

  onState(listener: (state: EngineState) => void): void {
    this.#listeners.add(listener);
  }

  /** Makes the chosen model ready. @throws FailureError of the engine. */
  async load({ signal, onLoad }: Pick<AskOptions, "signal" | "onLoad"> = {}): Promise<LoadedModel> {
    try {
      const server = await chosenServer(this.#context);
      const model = await this.engine.call(
        "load",
        { ...loadParams(this.#context), server },
        {
          signal,
          onPart: (part) => {
            this.#tell({ activity: { kind: "loading", fraction: part.total > 0 ? part.done / part.total : 0 } });
            onLoad?.(part);
          },
        },
      );
      if (!isSame(model, this.#state.model)) this.#log.info(describeLoaded(model));
      this.#tell({ activity: { kind: "idle" }, model });
      return model;
    } catch (thrown) {
      const failure = failureOf(thrown);
      this.#tell({ activity: failure.code === "cancelled" ? { kind: "idle" } : { kind: "failed", failure } });
      throw thrown;
    }
  }

  /** @throws FailureError of the engine. */
  async ask(turns: Turns, options: AskOptions = {}): Promise<ExplainResult> {
    const { answer } = await this.#send(turns, options);
    try {
      return await answer;
    } finally {
      // An engine that ended has told so itself.
      if (this.engine.pid !== null) {
        this.#tell({ activity: { kind: "idle" } });
        this.engine.refresh().catch(() => undefined);
      }
    }
  }

  /** Sends a question once its model is loaded. Nobody else has another model loaded between the two. */
  async #send(turns: Turns, options: AskOptions): Promise<{ readonly answer: Promise<ExplainResult> }> {
    const { signal, onPart } = options;
    const pass = await this.#loading.enter(signal);
    try {
      const before = this.#state.model;
      const model = await this.load(options);
      const notices = isSame(model, before) ? [] : [...model.notices, ...(await this.#otherEngines())];
      options.onLoaded?.({ ...model, notices });
      this.#tell({ activity: { kind: "working" } });
      const params = {
        turns: typeof turns === "function" ? turns(model) : turns,
        sampling: { ...sampling(), ...options.sampling },
        ocr: readsText(),
        drawing: options.drawing,
        asksAboutError: options.asksAboutError,
      };
      return { answer: this.engine.call("explain", params, { signal, onPart }) };
    } finally {
      pass();
    }
  }

  #announce(pid: number, { name }: LoadedModel, memoryBytes: number): void {
    const engine = { process: pid, host: process.pid, model: name, memoryBytes };
    // It only informs other windows: where the file cannot be written, nothing else suffers.
    this.#registry.announce(engine).catch(() => undefined);
  }

  async #otherEngines(): Promise<Notice[]> {
    const others = await this.#registry.others(process.pid);
    const [largest] = others.filter(({ memoryBytes }) => memoryBytes > largeEngineBytes);
    if (largest === undefined) return [];
    const { process: engine, model, memoryBytes } = largest;
    return [{ code: "other-engine", process: engine, model, memoryBytes }];
  }

  /** Tells what the engine does for others. An engine that ended has told so itself. */
  report(activity: EngineActivity): void {
    if (this.engine.pid !== null) this.#tell({ activity });
  }

  #tell(change: Partial<EngineState>): void {
    this.#state = { ...this.#state, ...change };
    for (const listener of this.#listeners) listener(this.#state);
  }
}

/** One question to the engine, with the model loaded first. Shared by the chat, the commands and VS Code's own AI. */
import type * as vscode from "vscode";
import type { ExplainPart, ExplainResult, LoadedModel, LoadPart, Turn } from "../shared/protocol";
import type { EngineProcess } from "./engine-process";
import { loadParams, readsText, sampling } from "./settings";

export interface AskOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onLoad?: ((part: LoadPart) => void) | undefined;
  readonly onLoaded?: ((model: LoadedModel) => void) | undefined;
  readonly onPart?: ((part: ExplainPart) => void) | undefined;
}

export type EngineActivity =
  | { readonly kind: "idle"; readonly model: LoadedModel | null }
  | { readonly kind: "loading"; readonly fraction: number }
  | { readonly kind: "working"; readonly model: LoadedModel }
  | { readonly kind: "failed" };

export class Explainer {
  readonly engine: EngineProcess;
  readonly #context: vscode.ExtensionContext;
  readonly #listeners = new Set<(activity: EngineActivity) => void>();

  constructor(context: vscode.ExtensionContext, engine: EngineProcess) {
    this.#context = context;
    this.engine = engine;
    engine.onChange((pid) => {
      if (pid === null) this.#tell({ kind: "failed" });
    });
  }

  onActivity(listener: (activity: EngineActivity) => void): void {
    this.#listeners.add(listener);
  }

  /** @throws FailureError of the engine. */
  async ask(turns: readonly Turn[], { signal, onLoad, onLoaded, onPart }: AskOptions = {}): Promise<ExplainResult> {
    let model: LoadedModel | null = null;
    try {
      model = await this.engine.call("load", loadParams(this.#context), {
        signal,
        onPart: (part) => {
          this.#tell({ kind: "loading", fraction: part.total > 0 ? part.done / part.total : 0 });
          onLoad?.(part);
        },
      });
      onLoaded?.(model);
      this.#tell({ kind: "working", model });
      return await this.engine.call("explain", { turns, sampling: sampling(), ocr: readsText() }, { signal, onPart });
    } finally {
      if (this.engine.pid !== null) this.#tell({ kind: "idle", model });
    }
  }

  #tell(activity: EngineActivity): void {
    for (const listener of this.#listeners) listener(activity);
  }
}

/** An engine of the product over one of the tiny golden checkpoints. */
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after } from "node:test";
import { Engine } from "../../../src/engine/pipeline/engine";
import type {
  ExplainParams,
  ExplainPart,
  ExplainResult,
  ImageSource,
  LoadedModel,
  LoadParams,
  Sampling,
  Turn,
} from "../../../src/shared/protocol";

const project = path.join(import.meta.dirname, "../../..");
export const golden = path.join(project, "test/golden/fixtures/mgm");
const scratch = mkdtempSync(path.join(os.tmpdir(), "mini-gemini-engine-"));
after(() => {
  rmSync(scratch, { recursive: true, force: true });
});

export const greedy: Sampling = { maxTokens: 8, temperature: 0, topP: 1, topK: 0, repetitionPenalty: 1, seed: 0 };

export const image = (name: string): ImageSource => ({
  name,
  data: { kind: "file", file: path.join(golden, "images", name) },
});

export const ask = (text: string, ...images: readonly ImageSource[]): Turn => ({ role: "user", text, images });

export const loadParams = (checkpoint: string, more: Partial<LoadParams> = {}): LoadParams => ({
  model: path.join(golden, "checkpoints", checkpoint),
  encoders: path.join(golden, "encoders"),
  precision: "f32",
  preparedRoot: path.join(scratch, "prepared"),
  device: "cpu",
  threads: 1,
  ...more,
});

export interface Explained {
  readonly result: ExplainResult;
  readonly parts: readonly ExplainPart[];
}

export class TestEngine {
  readonly engine = new Engine({ ocrFolder: path.join(project, "media/ocr") });

  load(checkpoint: string, more: Partial<LoadParams> = {}): Promise<LoadedModel> {
    return this.engine.handlers.load(loadParams(checkpoint, more), {
      signal: new AbortController().signal,
      part: () => undefined,
    });
  }

  async explain(
    turns: readonly Turn[],
    more: Partial<ExplainParams> = {},
    options: { readonly signal?: AbortSignal; readonly onPart?: (part: ExplainPart) => void } = {},
  ): Promise<Explained> {
    const parts: ExplainPart[] = [];
    const result = await this.engine.handlers.explain(
      { turns, sampling: greedy, ocr: false, ...more },
      {
        signal: options.signal ?? new AbortController().signal,
        part: (part) => {
          parts.push(part);
          options.onPart?.(part);
        },
      },
    );
    return { result, parts };
  }

  async unload(): Promise<void> {
    await this.engine.handlers.unload({}, { signal: new AbortController().signal, part: () => undefined });
  }

  status(): ReturnType<Engine["handlers"]["status"]> {
    return this.engine.handlers.status({}, { signal: new AbortController().signal, part: () => undefined });
  }
}

/** The stages of an answer, each once, in order. */
export const stagesOf = (parts: readonly ExplainPart[]): string[] => [
  ...new Set(parts.flatMap((part) => (part.kind === "stage" ? [part.stage] : []))),
];

/** The product's engine with a prepared model on this machine's CPU, asked greedily. */
import { mkdtempSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { ExplainPart, ExplainResult, ImageSource } from "../src/shared/protocol";
import { Engine } from "../src/engine/pipeline/engine";

export interface Question {
  readonly text: string;
  readonly image: ImageSource;
  readonly ocr: boolean;
}

export type Ask = (question: Question, part?: (part: ExplainPart) => void) => Promise<ExplainResult>;

const sampling = { maxTokens: 300, temperature: 0, topP: 1, topK: 0, repetitionPenalty: 1, seed: 0 };

/** @param model a prepared folder. */
export async function openEngine(model: string): Promise<Ask> {
  const engine = new Engine({ ocrFolder: path.join(__dirname, "..", "media", "ocr") });
  const { signal } = new AbortController();
  const preparedRoot = mkdtempSync(path.join(os.tmpdir(), "mini-gemini-ask-"));
  const params = { model, precision: "int4", preparedRoot, device: "cpu", threads: 0 } as const;
  await engine.handlers.load(params, { signal, part: () => undefined });
  return ({ text, image, ocr }, part = () => undefined) =>
    engine.handlers.explain({ turns: [{ role: "user", text, images: [image] }], sampling, ocr }, { signal, part });
}

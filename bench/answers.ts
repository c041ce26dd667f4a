/**
 * Asks the product about every image of a test set, through the engine's own methods:
 *
 *     npx tsx bench/answers.ts MODEL IMAGES TEST.json OUT.json [--no-ocr]
 *
 * TEST.json lists `{file, key?}` (training/real_images.py); OUT.json gets `{file, task, answer, seconds}` for
 * "explain" and, where the image shows an error, "error". `python -m training.score TEST.json OUT.json` scores it.
 */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { ExplainResult } from "../src/shared/protocol";
import { Engine } from "../src/engine/pipeline/engine";

interface Answer {
  readonly file: string;
  readonly task: "explain" | "error";
  readonly answer: string;
  readonly seconds: number;
}

const questions = { explain: "Explain this image.", error: "What is the error and how do I fix it?" } as const;
const sampling = { maxTokens: 300, temperature: 0, topP: 1, topK: 0, repetitionPenalty: 1, seed: 0 };

async function main([model, images, test, out, ...flags]: readonly string[]): Promise<void> {
  if (model === undefined || images === undefined || test === undefined || out === undefined) {
    throw new Error("usage: answers.ts MODEL IMAGES TEST.json OUT.json [--no-ocr]");
  }
  const engine = new Engine({ ocrFolder: path.join(__dirname, "..", "media", "ocr") });
  const answering = { signal: new AbortController().signal, part: (): void => undefined };
  await engine.handlers.load({ model, precision: "int4", preparedRoot: "", device: "cpu", threads: 0 }, answering);
  const ask = (file: string, task: Answer["task"]): Promise<ExplainResult> =>
    engine.handlers.explain(
      {
        turns: [
          {
            role: "user",
            text: questions[task],
            images: [{ name: file, data: { kind: "file", file: path.resolve(images, file) } }],
          },
        ],
        sampling,
        ocr: !flags.includes("--no-ocr"),
      },
      answering,
    );
  const answers: Answer[] = [];
  for (const { file, key } of JSON.parse(readFileSync(test, "utf8")) as { file: string; key?: string }[]) {
    for (const task of key === undefined || key === "" ? (["explain"] as const) : (["explain", "error"] as const)) {
      const { text, timings } = await ask(file, task);
      answers.push({ file, task, answer: text, seconds: timings.total / 1000 });
      writeFileSync(out, JSON.stringify(answers, undefined, 1));
    }
  }
}

void main(process.argv.slice(2));

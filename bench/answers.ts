/**
 * Asks the product about every image of a test set, through the engine's own methods:
 *
 *     npx tsx bench/answers.ts MODEL IMAGES TEST.json OUT.json [--no-ocr] [--explain-only]
 *
 * TEST.json lists `{file, key?}` (training/real_images.py); OUT.json gets `{file, task, answer, seconds}` for
 * "explain" and, where the image shows an error, "error". `python -m training.score TEST.json OUT.json` scores it.
 */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { openEngine } from "./ask";

interface Answer {
  readonly file: string;
  readonly task: "explain" | "error";
  readonly answer: string;
  readonly seconds: number;
}

const questions = { explain: "Explain this image.", error: "What is the error and how do I fix it?" } as const;

async function main([model, images, test, out, ...flags]: readonly string[]): Promise<void> {
  if (model === undefined || images === undefined || test === undefined || out === undefined) {
    throw new Error("usage: answers.ts MODEL IMAGES TEST.json OUT.json [--no-ocr] [--explain-only]");
  }
  const ask = await openEngine(model);
  const answers: Answer[] = [];
  for (const { file, key } of JSON.parse(readFileSync(test, "utf8")) as { file: string; key?: string }[]) {
    for (const task of flags.includes("--explain-only") || key === undefined || key === ""
      ? (["explain"] as const)
      : (["explain", "error"] as const)) {
      const image = { name: file, data: { kind: "file", file: path.resolve(images, file) } } as const;
      const { text, timings } = await ask({ text: questions[task], image, ocr: !flags.includes("--no-ocr") });
      answers.push({ file, task, answer: text, seconds: timings.total / 1000 });
      writeFileSync(out, JSON.stringify(answers, undefined, 1));
    }
  }
}

void main(process.argv.slice(2));

/** `dump IMAGE… --ask TEXT --out FILE`: one greedy answer with every intermediate value, for checking parity. */
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { dumpIntermediates } from "../pipeline/dump";
import { type AnswerOptions, interruptSignal, loadParams } from "./options";

export interface DumpOptions extends AnswerOptions {
  readonly ask: string;
  readonly out: string;
  readonly pixels: readonly string[];
}

export async function dumpCommand(images: readonly string[], options: DumpOptions): Promise<void> {
  const preparedRoot = await mkdtemp(path.join(os.tmpdir(), "mini-gemini-dump-"));
  try {
    await dumpIntermediates(
      { ...loadParams(options), precision: "f32", preparedRoot },
      {
        images: images.map((file) => path.resolve(file)),
        pixels: options.pixels.map((file) => path.resolve(file)),
        turns: [{ role: "user", text: options.ask, imageCount: Math.max(images.length, options.pixels.length) }],
        template: options.template,
        maxTokens: options.maxTokens,
        out: path.resolve(options.out),
        signal: interruptSignal(),
      },
    );
    process.stdout.write(`${path.resolve(options.out)}\n`);
  } finally {
    await rm(preparedRoot, { recursive: true, force: true });
  }
}

/**
 * How long a person waits for a new image when everything is warm: until the first word, and until the whole answer.
 *
 *   npx tsx bench/first-word.ts MODEL IMAGE [ROUNDS]
 *
 * MODEL is a prepared folder. Each round shows the image with a few pixels changed, so that nothing comes from a cache;
 * the first round warms up and does not count.
 */
import path from "node:path";
import sharp from "sharp";
import { Engine } from "../src/engine/pipeline/engine";
import { median } from "./side";

const sampling = { maxTokens: 300, temperature: 0, topP: 1, topK: 0, repetitionPenalty: 1, seed: 0 };

async function variant(image: string, round: number): Promise<Buffer> {
  const mark = { create: { width: 2 + round, height: 2, channels: 3, background: "#808080" } } as const;
  return sharp(image)
    .composite([{ input: await sharp(mark).png().toBuffer(), left: 0, top: 0 }])
    .png()
    .toBuffer();
}

async function main([model, image, rounds = "5"]: readonly string[]): Promise<void> {
  if (model === undefined || image === undefined) throw new Error("usage: first-word.ts MODEL IMAGE [ROUNDS]");
  const engine = new Engine({ ocrFolder: path.join(__dirname, "..", "media", "ocr") });
  const { signal } = new AbortController();
  const quiet = { signal, part: (): void => undefined };
  await engine.handlers.load({ model, precision: "int4", preparedRoot: "", device: "cpu", threads: 0 }, quiet);
  const found: { readonly first: number; readonly whole: number; readonly timings: object; readonly tokens: number }[] =
    [];
  for (let round = 0; round <= Number(rounds); round++) {
    const bytes = await variant(image, round);
    const started = performance.now();
    let first: number | undefined;
    const { timings, tokens } = await engine.handlers.explain(
      {
        turns: [
          { role: "user", text: "Explain this image.", images: [{ name: "image", data: { kind: "bytes", bytes } }] },
        ],
        sampling,
        ocr: true,
      },
      {
        signal,
        part: (part) => {
          if (part.kind === "text") first ??= performance.now() - started;
        },
      },
    );
    if (round > 0) found.push({ first: first ?? NaN, whole: performance.now() - started, timings, tokens });
  }
  const seconds = (values: readonly number[]): string => (median(values) / 1000).toFixed(2);
  console.log(
    `first word ${seconds(found.map(({ first }) => first))} s, whole answer ${seconds(found.map(({ whole }) => whole))} s`,
  );
  console.log(JSON.stringify(found.at(-1)));
  process.exit(0);
}

main(process.argv.slice(2)).catch((thrown: unknown) => {
  console.error(thrown);
  process.exit(1);
});

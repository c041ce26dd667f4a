/**
 * How long a person waits for a new image when everything is warm: until the first word, and until the whole answer.
 *
 *   npx tsx bench/first-word.ts MODEL IMAGE [ROUNDS]
 *
 * MODEL is a prepared folder. Each round shows the image with a few pixels changed, so that nothing comes from a cache;
 * the first round warms up and does not count.
 */
import sharp from "sharp";
import { openEngine } from "./ask";
import { median } from "./side";

async function variant(image: string, round: number): Promise<Buffer> {
  const mark = { create: { width: 2 + round, height: 2, channels: 3, background: "#808080" } } as const;
  return sharp(image)
    .composite([{ input: await sharp(mark).png().toBuffer(), left: 0, top: 0 }])
    .png()
    .toBuffer();
}

async function main([model, image, rounds = "5"]: readonly string[]): Promise<void> {
  if (model === undefined || image === undefined) throw new Error("usage: first-word.ts MODEL IMAGE [ROUNDS]");
  const ask = await openEngine(model);
  const found: { readonly first: number; readonly whole: number; readonly timings: object; readonly tokens: number }[] =
    [];
  for (let round = 0; round <= Number(rounds); round++) {
    const bytes = await variant(image, round);
    const started = performance.now();
    let first: number | undefined;
    const shown = { name: "image", data: { kind: "bytes", bytes } } as const;
    const { timings, tokens } = await ask({ text: "Explain this image.", image: shown, ocr: true }, ({ kind }) => {
      if (kind === "text") first ??= performance.now() - started;
    });
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

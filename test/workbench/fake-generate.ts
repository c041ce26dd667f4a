/** The drawing half of the scripted engine: real PNG files and real encoding, no model. */
import { access } from "node:fs/promises";
import sharp from "sharp";
import { encodePicture } from "../../src/engine/image/encode";
import { FailureError } from "../../src/shared/failure";
import type { LatentPreview } from "../../src/shared/generate-protocol";
import type { Handlers } from "../../src/shared/peer";
import type { HostToEngine } from "../../src/shared/protocol";

const wait = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

export const drawing: Pick<Handlers<HostToEngine>, "generate" | "encodePicture"> = {
  encodePicture: (params, { signal }) => encodePicture(params, signal),
  generate: async (params, { signal, part }) => {
    const { model, prompt, negative = "", guidance = 1, seed, scheduler = "euler", count } = params;
    // Slow enough to be stopped, however busy the machine is.
    const steps = params.steps ?? (prompt.includes("slow") ? 150 : 4);
    // What starts from a picture is wider, so that a test can tell.
    const usual = params.from === undefined ? { width: 128, height: 128 } : { width: 192, height: 128 };
    if (params.from?.image.data.kind === "file") await access(params.from.image.data.file);
    const { width, height } = params.size ?? usual;
    part({ kind: "stage", stage: "loading", done: 1, total: 2 });
    for (let index = 0; index < count; index++) {
      for (let step = 1; step <= steps; step++) {
        await wait(prompt.includes("slow") ? 500 : 80);
        if (signal.aborted) throw new FailureError({ code: "cancelled" });
        if (prompt.includes("crash") && step === 2) process.exit(7);
        part({ kind: "step", index, step, steps, preview: preview(seed + index, step / steps, width, height) });
      }
      const png = await picture(seed + index, { width, height });
      part({ kind: "picture", index, picture: { seed: seed + index, width, height, png } });
    }
    const timings = { load: 0, prompt: 0, steps: 0, decode: 0, total: 0 };
    const used = { prompt, negative, steps, guidance, seed, scheduler, width, height, tokensLeftOut: 0 };
    const embedded = model.endsWith("illustrator");
    return { model: "Scripted", embedded, device: "cpu", pictures: count, ...used, timings, peakRssMiB: 1 };
  },
};

const hue = (seed: number): number => (seed * 47) % 360;

/** A disc whose colour is the seed's. */
async function picture(seed: number, { width, height }: { width: number; height: number }): Promise<Buffer> {
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">` +
    `<rect width="100%" height="100%" fill="#eef2f7"/><circle cx="50%" cy="50%" r="35%" fill="hsl(${hue(seed)},70%,50%)"/></svg>`;
  return sharp(Buffer.from(svg)).png().toBuffer();
}

/** Noise that fades into a disc, as latents do. */
function preview(seed: number, done: number, fullWidth: number, fullHeight: number): LatentPreview {
  const width = fullWidth / 8;
  const height = fullHeight / 8;
  const rgb = new Uint8Array(width * height * 3);
  let state = seed + 1;
  for (let at = 0; at < rgb.length; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const pixel = Math.floor(at / 3);
    const inside = Math.hypot((pixel % width) / width - 0.5, Math.floor(pixel / width) / height - 0.5) < 0.35;
    rgb[at] = done * (inside ? ([200, 60, 90][at % 3] ?? 0) : 235) + (1 - done) * (state >>> 24);
  }
  return { width, height, rgb };
}

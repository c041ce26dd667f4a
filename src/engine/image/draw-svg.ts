/**
 * A process that draws one SVG and ends. librsvg cannot be interrupted, and a few hundred bytes of nested filters keep
 * it busy for hours or fill the memory: a process can be ended, and this one watches itself.
 *
 * The parent sends the drawing's bytes; back comes one `DrawReply`.
 */
import { loadSharp, reasonOf } from "./raster";
import { FailureError } from "../../shared/failure";

export interface DrawRequest {
  readonly svg: Uint8Array;
  readonly pixelLimit: number;
}

export type DrawReply =
  | { readonly width: number; readonly height: number; readonly data: Uint8Array }
  | { readonly failed: "size"; readonly pixels: number }
  | { readonly failed: "damaged" | "native"; readonly reason: string }
  | { readonly failed: "effort" };

const millisecondsLimit = 10_000;
const memoryLimit = 1.5 * 2 ** 30;
const watchMilliseconds = 25;

async function draw({ svg, pixelLimit }: DrawRequest): Promise<DrawReply> {
  try {
    const sharp = await loadSharp();
    const { width, height } = await sharp(svg, { limitInputPixels: false }).metadata();
    if (width * height > pixelLimit) return { failed: "size", pixels: width * height };
    // On white, as a page shows it; most drawings count on that. No reference says otherwise: PIL reads no SVG.
    const drawing = sharp(svg, { limitInputPixels: pixelLimit }).flatten({ background: "#ffffff" });
    const rgb = drawing.toColourspace("srgb").raw({ depth: "uchar" });
    const { data, info } = await rgb.toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, data };
  } catch (thrown) {
    if (thrown instanceof FailureError) return { failed: "native", reason: thrown.message };
    return { failed: "damaged", reason: reasonOf(thrown) };
  }
}

function reply(message: DrawReply): void {
  process.send?.(message, end);
}

function end(): void {
  process.kill(process.pid, "SIGKILL");
}

process.once("disconnect", end);
process.once("message", (request: DrawRequest) => {
  const begin = performance.now();
  // The drawing goes on in a thread of the library meanwhile.
  setInterval(() => {
    const tooLong = performance.now() - begin > millisecondsLimit;
    if (tooLong || process.memoryUsage.rss() > memoryLimit) reply({ failed: "effort" });
  }, watchMilliseconds);
  void draw(request).then(reply);
});

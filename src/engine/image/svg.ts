/**
 * SVG: text that can ask for much. It is drawn in a process of its own (draw-svg.ts) within limits of time and memory.
 *
 * What a drawing refers to is never fetched: librsvg gets bytes without a base address, so that only `data:` images and
 * references within the drawing resolve; it runs no scripts, and libxml2 bounds entities and depth.
 */
import { fork } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { FailureError, throwIfCancelled } from "../../shared/failure";
import { packageRoot } from "../platform/package-root";
import type { DrawReply, DrawRequest } from "./draw-svg";
import { checkSize } from "./limits";
import type { Pixels } from "./resize";

/** A drawing's root may stand behind long comments and declarations. */
const sniffedBytes = 2 ** 20;
const textLimit = 16 * 2 ** 20;
const pixelLimit = 25_000_000;
/** The process ends itself sooner; this is for one that cannot. */
const millisecondsLimit = 20_000;

/** The drawing's text where the bytes are SVG, plain or compressed. */
export async function svgOf(image: string, bytes: Buffer): Promise<Buffer | undefined> {
  const compressed = bytes[0] === 0x1f && bytes[1] === 0x8b;
  const text = compressed ? await inflate(bytes) : bytes;
  if (text === undefined || !isSvg(text)) return undefined;
  if (text.length > textLimit) {
    throw new FailureError({ code: "file-too-large", file: image, bytes: text.length, limit: textLimit });
  }
  return text;
}

function isSvg(text: Buffer): boolean {
  const start = text.toString("utf8", 0, sniffedBytes);
  return (
    /^\uFEFF?\s*</.test(start) && /<(?:\w+:)?svg[\s>]/.test(start) && !/^\uFEFF?\s*<(?:!doctype\s+)?html/i.test(start)
  );
}

async function inflate(bytes: Buffer): Promise<Buffer | undefined> {
  try {
    return await promisify(gunzip)(bytes, { maxOutputLength: textLimit });
  } catch {
    // Not a drawing, as far as anyone can tell: the caller names what the bytes are.
    return undefined;
  }
}

/** @throws FailureError `image-damaged`, `image-too-large`, `cancelled`, `engine-native`. */
export async function decodeSvg(image: string, svg: Buffer, signal: AbortSignal | undefined): Promise<Pixels> {
  checkDeclaredSize(image, svg);
  const answer = await drawApart({ svg, pixelLimit }, signal);
  throwIfCancelled(signal);
  if (!("failed" in answer)) return answer;
  switch (answer.failed) {
    case "size":
      throw new FailureError({ code: "image-too-large", image, pixels: answer.pixels, limit: pixelLimit });
    case "native":
      throw new FailureError({ code: "engine-native", library: "sharp", message: answer.reason });
    case "effort":
      throw new FailureError({
        code: "image-damaged",
        image,
        reason: "it cannot be drawn within the limits of time and memory",
      });
    case "damaged":
      throw new FailureError({ code: "image-damaged", image, reason: answer.reason });
  }
}

/** Sizes beyond 32 bits come out of the library as one pixel, so they are looked for here. */
function checkDeclaredSize(image: string, svg: Buffer): void {
  const root = /<(?:\w+:)?svg\s[^>]*>/.exec(svg.toString("utf8", 0, sniffedBytes))?.[0] ?? "";
  const attribute = (name: string): string | undefined =>
    new RegExp(`\\s${name}\\s*=\\s*["']([^"']*)["']`).exec(root)?.[1];
  const [, , boxWidth, boxHeight] = (attribute("viewBox") ?? "").trim().split(/[\s,]+/);
  const width = Number.parseFloat(attribute("width") ?? boxWidth ?? "");
  const height = Number.parseFloat(attribute("height") ?? boxHeight ?? "");
  checkSize(image, Number.isNaN(width) ? 1 : width, Number.isNaN(height) ? 1 : height, pixelLimit);
}

function drawApart(request: DrawRequest, signal: AbortSignal | undefined): Promise<DrawReply> {
  return new Promise((resolve, reject) => {
    const child = fork(path.join(packageRoot(), "dist", "draw-svg.js"), [], {
      serialization: "advanced",
      execArgv: [],
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", cancel);
      child.kill("SIGKILL");
    };
    const cancel = (): void => {
      end();
      reject(new FailureError({ code: "cancelled" }));
    };
    const giveUp = (): void => {
      end();
      if (child.exitCode === null) {
        // It was ended: by us, by the system for its memory, or by a crash on the drawing.
        resolve({ failed: "effort" });
      } else {
        const message = `it ended with ${child.exitCode}`;
        reject(new FailureError({ code: "engine-native", library: "draw-svg", message }));
      }
    };
    const timer = setTimeout(giveUp, millisecondsLimit);
    signal?.addEventListener("abort", cancel, { once: true });
    child.once("message", (reply) => {
      end();
      resolve(reply as DrawReply);
    });
    child.once("error", (thrown) => {
      end();
      const message = thrown.message;
      reject(new FailureError({ code: "engine-native", library: "draw-svg", message }, { cause: thrown }));
    });
    // Both are waited for: the end may be heard of before a last message, and a message lost before the end.
    child.once("disconnect", () => {
      if (child.exitCode !== null || child.signalCode !== null) giveUp();
    });
    child.once("exit", () => {
      if (!child.connected) giveUp();
    });
    child.send(request, () => undefined);
  });
}

/**
 * SVG files are text that can ask for much: entities, other files, enormous pictures. Only self-contained drawings of
 * a sensible size go to the renderer.
 */
import { FailureError } from "../../shared/failure";

const sniffedBytes = 4096;
const textLimit = 16 * 2 ** 20;

export function isSvg(bytes: Buffer): boolean {
  const start = bytes.subarray(0, sniffedBytes).toString("utf8");
  return /^\uFEFF?\s*</.test(start) && /<svg[\s>]/i.test(start);
}

/** What a drawing may not hold, and how people know it. */
const refused: readonly (readonly [RegExp, string])[] = [
  [/<!ENTITY/i, "entities"],
  [/<!DOCTYPE[^>]*\[/i, "an internal document type"],
  [/<script[\s>]/i, "a script"],
  [/<foreignObject[\s>]/i, "foreign content"],
  [/<\?xml-stylesheet/i, "an external style sheet"],
  [/@import/i, "an external style sheet"],
  [/\bhref\s*=\s*["']?\s*(?!#|data:image\/(?:png|jpeg|gif|webp);base64,)[^\s"'>]/i, "a reference to another file"],
  [/url\(\s*["']?\s*(?!#|["']?#)[^\s)]/i, "a reference to another file"],
];

/** @throws FailureError `image-damaged` naming what is refused, `file-too-large`. */
export function checkSvg(image: string, bytes: Buffer): void {
  if (bytes.length > textLimit) {
    throw new FailureError({ code: "file-too-large", file: image, bytes: bytes.length, limit: textLimit });
  }
  const text = bytes.toString("utf8");
  for (const [pattern, what] of refused) {
    if (pattern.test(text)) {
      throw new FailureError({
        code: "image-damaged",
        image,
        reason: `the drawing holds ${what}, which is not followed`,
      });
    }
  }
}

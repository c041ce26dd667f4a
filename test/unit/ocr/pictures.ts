/** Pictures of text for the tests of OCR: Chromium's rendering of the lines in `texts`, and what sharp makes of it. */
import path from "node:path";
import sharp, { type Sharp } from "sharp";
import type { RgbImage } from "../../../src/engine/image/decode";

export const modelFolder = path.join(__dirname, "../../../media/ocr");

/** What each fixture says, in reading order. */
export const texts = {
  "code-dark": [
    "export async function load(file: string, limit = 0x1F) {",
    "const rows: Map<string, number[]> = new Map();",
    'if (rows.size >= limit && !file.endsWith(".json")) {',
    "throw new Error(`${file}: expected {a, b}, found [1, 2]`);",
    "}",
    'return rows["key"]?.length ?? -1; // camelCase, snake_case',
  ],
  "code-light": [
    "def collate(examples: list[str], *, pad: int = 0) -> dict:",
    "total = sum(len(e) for e in examples) % 7",
    'return {"ids": [[pad] * total], "mask": None}',
  ],
  heading: ["Release 2.0"],
  table: ["Name Size Owner", "README.md 1,204 B alice", "model.onnx 84,113 B Bob", "index.ts 9 B root"],
  columns: [
    "The left column is read first,",
    "from its top to its bottom,",
    "before the right one begins.",
    "It has four lines of text.",
    "The right column comes second",
    "although its lines stand beside",
    "those of the left column, at",
    "exactly the same heights.",
  ],
  chinese: ["读取配置文件失败：权限不足，请检查文件。", "本扩展程序可在本地解释屏幕截图。"],
  axis: ["Requests per second", "Time (minutes)"],
} as const;

export function fixture(name: keyof typeof texts): Sharp {
  return sharp(path.join(__dirname, "fixtures", `${name}.png`));
}

export async function pixelsOf(picture: Sharp): Promise<RgbImage> {
  const { data, info } = await picture.removeAlpha().raw().toBuffer({ resolveWithObject: true });
  return { name: "picture", width: info.width, height: info.height, data, hash: "" };
}

export function blank(width: number, height: number): RgbImage {
  return { name: "blank", width, height, data: new Uint8Array(width * height * 3).fill(255), hash: "" };
}

/** A canvas with fixtures at the given places. */
export async function collage(
  width: number,
  height: number,
  parts: readonly { name: keyof typeof texts; left: number; top: number }[],
): Promise<RgbImage> {
  const composites = await Promise.all(
    parts.map(async ({ name, left, top }) => ({ input: await fixture(name).png().toBuffer(), left, top })),
  );
  const canvas = sharp({ create: { width, height, channels: 3, background: "#445" } }).composite(composites);
  return pixelsOf(sharp(await canvas.png({ compressionLevel: 1 }).toBuffer()));
}

/** Levenshtein distance between two texts, spaces included. */
export function errors(found: string, expected: string): number {
  let previous = Array.from({ length: expected.length + 1 }, (_, index) => index);
  for (let row = 1; row <= found.length; row++) {
    const current = [row];
    for (let column = 1; column <= expected.length; column++) {
      const substitution = (previous[column - 1] ?? 0) + (found[row - 1] === expected[column - 1] ? 0 : 1);
      current.push(Math.min(substitution, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[expected.length] ?? 0;
}

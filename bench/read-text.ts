/**
 * Reads the text of every image of a folder with the product's recogniser, for training and evaluation:
 *
 *     npx tsx bench/read-text.ts FOLDER OUT.json
 *
 * OUT maps file names to the image's size and its lines in reading order, with their boxes. What OUT holds already is
 * kept, so that a run can be continued.
 */
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { readLines } from "../src/engine/pipeline/explain";
import { ImageReader } from "../src/engine/pipeline/image-reader";

/** What was read in an image of `size` [width, height]; boxes are [left, top, right, bottom] in its pixels. */
interface Reading {
  readonly size: readonly [number, number];
  readonly lines: readonly { readonly text: string; readonly box: readonly number[] }[];
}

const [folder, out] = process.argv.slice(2);
if (folder === undefined || out === undefined) throw new Error("usage: read-text.ts FOLDER OUT.json");
const found = existsSync(out) ? (JSON.parse(readFileSync(out, "utf8")) as Record<string, Reading>) : {};
const images = new ImageReader(path.join(__dirname, "..", "media", "ocr"));
images.threads = 1;

const around = (box: readonly (readonly [number, number])[]): readonly number[] => {
  const [xs, ys] = [box.map(([x]) => x), box.map(([, y]) => y)];
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)].map(Math.round);
};

function save(file: string): void {
  writeFileSync(`${file}.tmp`, JSON.stringify(found));
  renameSync(`${file}.tmp`, file);
}

async function readAll(from: string, to: string): Promise<void> {
  for (const [index, name] of readdirSync(from).sort().entries()) {
    if (name in found) continue;
    try {
      const image = await images.decode({ name, data: { kind: "file", file: path.join(from, name) } }, undefined);
      const lines = await readLines(images, image, { onPart: () => undefined });
      found[name] = {
        size: [image.width, image.height],
        lines: lines.map(({ text, box }) => ({ text, box: around(box) })),
      };
    } catch (thrown) {
      console.error(name, thrown);
    }
    if (index % 20 === 19) save(to);
  }
  save(to);
}

void readAll(folder, out);

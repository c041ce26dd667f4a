/**
 * Reads the text of every image of a folder with the product's recogniser, for training and evaluation:
 *
 *     npx tsx bench/read-text.ts FOLDER OUT.json
 *
 * OUT maps file names to lines in reading order. What OUT holds already is kept, so that a run can be continued.
 */
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { ImageReader } from "../src/engine/pipeline/image-reader";

const [folder, out] = process.argv.slice(2);
if (folder === undefined || out === undefined) throw new Error("usage: read-text.ts FOLDER OUT.json");
const found = existsSync(out) ? (JSON.parse(readFileSync(out, "utf8")) as Record<string, string[]>) : {};
const images = new ImageReader(path.join(__dirname, "..", "media", "ocr"));
images.threads = 1;

function save(file: string): void {
  writeFileSync(`${file}.tmp`, JSON.stringify(found));
  renameSync(`${file}.tmp`, file);
}

async function readAll(from: string, to: string): Promise<void> {
  for (const [index, name] of readdirSync(from).sort().entries()) {
    if (name in found) continue;
    try {
      const image = await images.decode({ name, data: { kind: "file", file: path.join(from, name) } }, undefined);
      found[name] = (await images.read(image, undefined)).map(({ text }) => text);
    } catch (thrown) {
      console.error(name, thrown);
    }
    if (index % 20 === 19) save(to);
  }
  save(to);
}

void readAll(folder, out);

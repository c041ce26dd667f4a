// Copies the screenshots that the README shows from the workbench tests' artifacts to docs/images, few colours each.
// usage: node test/workbench/readme-pictures.mjs, after a run of the workbench tests
import fs from "node:fs";
import path from "node:path";
import sharp from "sharp";

const artifacts = path.join(import.meta.dirname, "artifacts");
const target = path.resolve(import.meta.dirname, "../../docs/images");
const largestBytes = 300 * 1024;

/** Screenshot by the name of the picture. */
const pictures = {
  "explain.png": "explain",
  "starter.png": "starter",
  "part.png": "part",
  "chats.png": "chats",
  "alt-text.png": "alt-text",
  "dark.png": "chat-dark",
  "light.png": "chat-light",
  "high-contrast.png": "chat-high-contrast",
};

fs.mkdirSync(target, { recursive: true });
for (const [name, shot] of Object.entries(pictures)) {
  const source = path.join(artifacts, `${shot}.png`);
  if (!fs.existsSync(source)) {
    console.log(`${name}: no screenshot ${shot}.png; left as it is`);
    continue;
  }
  const bytes = await sharp(source).png({ palette: true, colours: 128, effort: 10 }).toBuffer();
  if (bytes.length > largestBytes) throw new Error(`${name} has ${bytes.length} bytes; at most ${largestBytes}`);
  fs.writeFileSync(path.join(target, name), bytes);
  console.log(`${name}: ${Math.round(bytes.length / 1024)} KiB`);
}

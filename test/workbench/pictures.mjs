// The images of the test workspace: what developers ask about.
import fs from "node:fs";
import path from "node:path";
import sharp from "sharp";

const mono = 'font-family="DejaVu Sans Mono, monospace" font-size="20" xml:space="preserve"';
const sans = 'font-family="DejaVu Sans, sans-serif" font-size="20"';
const escape = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

const terminal = [
  ["#8be9fd", "$ npm run build"],
  ["#f8f8f2", "> parser@2.1.0 build"],
  ["#f8f8f2", "> tsc --noEmit"],
  ["#f8f8f2", ""],
  ["#ff6e6e", "src/parser.ts:2:10 - error TS2322:"],
  ["#ff6e6e", "  Type 'string' is not assignable to type 'number'."],
  ["#f8f8f2", ""],
  ["#f1fa8c", "2   return token.text;"],
  ["#ff6e6e", "           ~~~~~~~~~~"],
  ["#f8f8f2", "Found 1 error in src/parser.ts:2"],
];

const terminalSvg = `<svg xmlns="http://www.w3.org/2000/svg" width="860" height="340"><rect width="860" height="340" fill="#1e1f29"/>${terminal
  .map(([colour, line], row) => `<text x="20" y="${40 + row * 30}" fill="${colour}" ${mono}>${escape(line)}</text>`)
  .join("")}</svg>`;

const box = (x, y, label) =>
  `<rect x="${x}" y="${y}" width="180" height="64" rx="8" fill="#e8f0fe" stroke="#3b6fd4" stroke-width="2"/>` +
  `<text x="${x + 90}" y="${y + 39}" text-anchor="middle" fill="#1b2a4a" ${sans}>${label}</text>`;
const arrow = (x1, y1, x2, y2) =>
  `<path d="M${x1} ${y1} L${x2} ${y2}" stroke="#3b6fd4" stroke-width="2" marker-end="url(#head)"/>`;
const diagramSvg = `<svg xmlns="http://www.w3.org/2000/svg" width="760" height="320"><defs><marker id="head" markerWidth="10" markerHeight="10" refX="8" refY="3" orient="auto"><path d="M0 0 L8 3 L0 6 z" fill="#3b6fd4"/></marker></defs><rect width="760" height="320" fill="white"/>${box(20, 128, "Browser")}${box(290, 128, "Gateway")}${box(560, 30, "Accounts")}${box(560, 226, "Orders")}${arrow(200, 160, 288, 160)}${arrow(470, 150, 558, 66)}${arrow(470, 170, 558, 254)}</svg>`;

const bars = [
  ["Q1", 42],
  ["Q2", 58],
  ["Q3", 51],
  ["Q4", 83],
];
const chartSvg = `<svg xmlns="http://www.w3.org/2000/svg" width="560" height="360"><rect width="560" height="360" fill="white"/><text x="280" y="34" text-anchor="middle" fill="#222" ${sans}>Orders per quarter</text>${bars
  .map(
    ([name, value], at) =>
      `<rect x="${60 + at * 120}" y="${310 - value * 3}" width="70" height="${value * 3}" fill="#4c9f70"/><text x="${95 + at * 120}" y="${300 - value * 3}" text-anchor="middle" fill="#222" ${sans}>${value}</text><text x="${95 + at * 120}" y="338" text-anchor="middle" fill="#222" ${sans}>${name}</text>`,
  )
  .join("")}</svg>`;

/** Writes the workspace. */
export async function writeWorkspace(folder) {
  const file = (name) => path.join(folder, name);
  const solid = (width, height, background) => sharp({ create: { width, height, channels: 3, background } }).png();
  await sharp(Buffer.from(terminalSvg)).png().toFile(file("build-error.png"));
  await sharp(Buffer.from(diagramSvg)).png().toFile(file("architecture.png"));
  await sharp(Buffer.from(chartSvg)).png().toFile(file("orders.png"));
  await solid(64, 32, "#c8648c").toFile(file("red.png"));
  fs.mkdirSync(file("src"), { recursive: true });
  fs.writeFileSync(
    file("src/parser.ts"),
    "export function value(token: { text: string }): number {\n  return token.text;\n}\n",
  );
  fs.writeFileSync(file("notes.txt"), "Nothing to see.\n");
  fs.writeFileSync(file("README.md"), "# Shop\n\n![](architecture.png)\n\nHow orders flow.\n");
}

/** A screenshot of 3840 × 2160 pixels that does not compress to nothing. */
export async function writeLargeScreenshot(file) {
  const lines = Array.from(
    { length: 66 },
    (_, row) =>
      `<text x="40" y="${60 + row * 32}" fill="#ddd" ${mono}>${row} ${"const value = parse(token, options); ".repeat(8)}</text>`,
  ).join("");
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="3840" height="2160"><rect width="3840" height="2160" fill="#1e1e1e"/>${lines}</svg>`;
  await sharp(Buffer.from(svg)).png({ compressionLevel: 2 }).toFile(file);
}

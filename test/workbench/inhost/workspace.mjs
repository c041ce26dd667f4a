// The folder that the tests inside the extension host work in: images, code, and a git repository.
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import sharp from "sharp";

const writePng = (file, width, height, [r, g, b]) =>
  sharp({ create: { width, height, channels: 3, background: { r, g, b } } })
    .png()
    .toFile(file);

export async function fillWorkspace(folder) {
  const at = (name) => path.join(folder, name);
  const write = (name, text) => {
    fs.mkdirSync(path.dirname(at(name)), { recursive: true });
    fs.writeFileSync(at(name), text);
  };
  write("notes.md", "# Notes\n");
  write("src/app.ts", "export function run(): void {\n  const x = undefined;\n  throw new TypeError(String(x));\n}\n");
  write("pictures/images.md", "mine\n");
  write("pictures/empty.png", "");
  for (const name of ["pictures/a b.png", "pictures/hostile.png"]) await writePng(at(name), 8, 8, [1, 2, 3]);
  for (const name of ["changed.png", "deleted.png"]) await writePng(at(name), 64, 32, [1, 2, 3]);
  const git = (...args) => {
    const identity = ["-c", "user.name=test", "-c", "user.email=test@example.invalid", "-c", "commit.gpgsign=false"];
    const { status, stderr } = spawnSync("git", [...identity, ...args], { cwd: folder, encoding: "utf8" });
    if (status !== 0) throw new Error(`git ${args.join(" ")}: ${stderr}`);
  };
  git("init", "-q");
  git("add", "changed.png", "deleted.png");
  git("commit", "-qm", "images");
  await writePng(at("changed.png"), 32, 32, [3, 2, 1]);
  fs.rmSync(at("deleted.png"));
  for (const name of ["red.png", "error.png"]) await writePng(at(name), 64, 32, [200, 100, 140]);
}

/** Settings in which the tests differ from the other scenarios'. */
export const settings = { "git.enabled": true, "chat.disableAIFeatures": false };

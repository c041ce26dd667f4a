// The packaged extension: built by one command, looked into, installed in a real VS Code, asked about an image.
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import assert from "node:assert/strict";
import yauzl from "yauzl";
import { Chat } from "./chat.mjs";
import * as rig from "./lib.mjs";

const root = path.resolve(import.meta.dirname, "../..");
const target = "linux-x64";
const shots = path.join(import.meta.dirname, "artifacts");
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), "mini-gemini-vsix-"));
const vsix = path.join(scratch, `mini-gemini-${target}.vsix`);
const starter = fs.existsSync(path.join(root, "media/starter"));
let failed = 0;

async function check(name, work) {
  try {
    await work();
    console.log(`ok vsix: ${name}`);
  } catch (error) {
    failed++;
    console.log(`not ok vsix: ${name}`);
    console.log(String(error.stack).slice(0, 2000).replace(/^/gm, "  # "));
  }
}

/** Names and sizes of all that is in a zip file. */
const entries = (file) =>
  new Promise((resolve, reject) => {
    const found = [];
    yauzl.open(file, { lazyEntries: true }, (error, zip) => {
      if (error) return reject(error);
      zip.on("entry", (entry) => {
        found.push({ name: entry.fileName, bytes: entry.uncompressedSize });
        zip.readEntry();
      });
      zip.on("end", () => resolve(found));
      zip.on("error", reject);
      zip.readEntry();
    });
  });

await check(`npm run package -- --target ${target} builds it`, () => {
  const { status, stdout, stderr } = spawnSync("npm", ["run", "package", "--", "--target", target, "--out", vsix], {
    cwd: root,
    encoding: "utf8",
  });
  assert.equal(status, 0, stdout + stderr);
});

await check("holds what it needs, only this platform's native files, no sources and no training", async () => {
  const found = await entries(vsix);
  const names = found.map(({ name }) => name);
  const has = (name) => assert.ok(names.includes(`extension/${name}`), name);
  for (const name of ["package.json", "package.nls.zh-cn.json", "package.nls.ja.json"]) has(name);
  for (const name of ["l10n/bundle.l10n.zh-cn.json", "l10n/bundle.l10n.ja.json"]) has(name);
  for (const name of ["dist/extension.js", "dist/engine.js", "dist/webview/main.js", "media/ocr/detection.onnx"])
    has(name);
  has("media/known-errors.json");
  if (starter) assert.ok(names.some((name) => name.startsWith("extension/media/starter/")));
  const unwanted = names.filter((name) =>
    /\.(map|ts|tsx|py|tsbuildinfo)$|\/(training|test|src|bench|out|\.git|\.ci)\//.test(
      name.replace("/dist/node_modules/", "/"),
    ),
  );
  assert.deepEqual(unwanted, []);
  const native = names.filter((name) => /\.(node|so(\.[\d.]+)?|dll|dylib)$/.test(name));
  assert.ok(native.length >= 4);
  for (const name of native) assert.match(name, /linux[-/]x64/, name);
  const largest = found.reduce((a, b) => (a.bytes > b.bytes ? a : b));
  const mebibytes = (fs.statSync(vsix).size / 2 ** 20).toFixed(1);
  console.log(`# ${names.length} files, ${mebibytes} MiB; the largest: ${largest.name}, ${largest.bytes} bytes`);
});

let box;
let server;
let browser;
let page;
await check(
  `installs, and the real engine ${starter ? "explains an image" : "says that its starter is missing"}`,
  async () => {
    box = rig.makeSandbox([vsix]);
    // Larger than an icon, so that there is something to see.
    await rig.writePng(path.join(box.ws, "red.png"), 320, 200, [200, 40, 40]);
    server = await rig.startServer(box);
    browser = await rig.startBrowser();
    ({ page } = await rig.openWorkbench(browser, server.url, { folder: box.ws }));
    const chat = new Chat({ page, box, shots });
    await chat.tab("Mini-Gemini").waitFor();
    await chat.choose("red.png", "Explain Image");
    // Loading takes its time on a slow machine.
    const answer = chat.answers.first();
    await answer.and(chat.view.locator("[aria-busy=false]")).waitFor({ timeout: 300_000 });
    console.log(`# ${(await answer.innerText()).replace(/\s+/g, " ").slice(0, 300)}`);
    const failures = await chat.view.locator(".failure").allInnerTexts();
    if (starter) assert.deepEqual(failures, []);
    else assert.match(failures.join(" "), /no folder/);
    if (starter) await chat.view.locator(".starter").waitFor();
    await chat.shot("vsix");
  },
);

if (failed > 0) await page?.screenshot({ path: path.join(shots, "vsix-failed.png") });
await browser?.close();
await server?.stop();
if (box !== undefined) rig.removeSandbox(box);
fs.rmSync(scratch, { recursive: true, force: true });
process.exitCode = failed === 0 ? 0 : 1;

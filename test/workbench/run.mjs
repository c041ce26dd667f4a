// The chat in a real workbench: explain by right click, hostile answer, stop, crash and recovery, reload.
import fs from "node:fs";
import path from "node:path";
import assert from "node:assert/strict";
process.env.E2E_HOST ??= fs.readFileSync(path.join(import.meta.dirname, "host/.location"), "utf8").trim();
const L = await import("./lib.mjs");
const shots = path.join(import.meta.dirname, "artifacts");
fs.mkdirSync(shots, { recursive: true });
const box = L.makeSandbox();
// Explains with the real engine and this checkpoint instead of the scripted engine.
if (process.env.REAL) {
  const f = path.join(box.ud, "User/settings.json");
  fs.writeFileSync(
    f,
    JSON.stringify({
      ...JSON.parse(fs.readFileSync(f, "utf8")),
      "miniGemini.model.folder": process.env.REAL,
      "miniGemini.model.encodersFolder": process.env.REAL_ENCODERS ?? "",
    }),
  );
  const m = path.join(box.ud, "Machine");
  fs.mkdirSync(m, { recursive: true });
  fs.copyFileSync(f, path.join(m, "settings.json"));
}
const link = path.join(box.dir, "ext", "mini-gemini.mini-gemini-0.1.0");
fs.symlinkSync(path.resolve(import.meta.dirname, "../.."), link);
fs.writeFileSync(
  path.join(box.dir, "ext", "extensions.json"),
  JSON.stringify([
    {
      identifier: { id: "mini-gemini.mini-gemini" },
      version: "0.1.0",
      location: { $mid: 1, path: link, scheme: "file" },
      relativeLocation: "mini-gemini.mini-gemini-0.1.0",
      metadata: {},
    },
  ]),
);
await L.writePng(path.join(box.ws, "red.png"), 64, 32, [200, 100, 140]);
fs.writeFileSync(path.join(box.ws, "notes.txt"), "x");
const server = await L.startServer(
  box,
  process.env.REAL ? {} : { MINI_GEMINI_TEST_ENGINE: path.join(import.meta.dirname, "artifacts/fake-engine.js") },
);
const browser = await L.startBrowser();
let page;
try {
  const wb = await L.openWorkbench(browser, server.url, { folder: box.ws });
  page = wb.page;
  page.setDefaultTimeout(25000);
  page.on("console", (m) => {
    if (m.type() === "error") console.log("console", m.text().slice(0, 300));
  });
  await page.locator('.activitybar .action-label[aria-label="Mini-Gemini"]').first().waitFor();
  const row = (n) => page.locator(".explorer-folders-view").getByRole("treeitem", { name: n });
  await row("red.png").waitFor();
  await row("red.png").click({ button: "right" });
  const items = page.locator(".monaco-menu [role=menuitem]");
  await items.first().waitFor();
  const it = items.filter({ hasText: "Explain Image" }).first();
  for (let i = 0; i < 4; i++) {
    await page.waitForTimeout(250);
    await it.click();
    try {
      await it.waitFor({ state: "hidden", timeout: 2000 });
      break;
    } catch {}
  }
  const v = page.frameLocator("iframe.webview.ready").frameLocator("iframe#active-frame");
  await v.locator("article.assistant .starter").waitFor();
  console.log("ok answer:", (await v.locator("article.assistant .body").innerText()).slice(0, 200));
  console.log("reading:", await v.locator(".reading").first().innerText());
  if (!process.env.REAL) {
    await v.locator(".diagram svg").waitFor();
    console.log("ok mermaid");
  }
  if (!process.env.REAL) assert.equal(await v.locator(".katex").count(), 1);
  await page.screenshot({ path: shots + "/explain.png" });
  if (!process.env.REAL) {
    const ask = async (t) => {
      const f = v.locator(".composer textarea");
      await f.fill(t);
      await f.press("Enter");
    };
    await ask("hostile");
    await v.locator("article.assistant").nth(1).locator(".starter").waitFor();
    const h = v.locator("article.assistant").nth(1).locator(".body");
    console.log("hostile:", await h.innerText());
    assert.deepEqual(
      [
        await h.locator("img").count(),
        await h.locator("script").count(),
        await h.locator("a[href]").count(),
        wb.blocked.filter((u) => u.includes("remote.invalid")).length,
      ],
      [0, 0, 0, 0],
    );
    console.log("ok hostile answer is inert");
    await ask("slow");
    await page.waitForTimeout(700);
    await v.locator("vscode-button[aria-label=Stop]").click();
    await v.getByText("Stopped.", { exact: true }).first().waitFor();
    console.log("ok stop");
    await ask("crash");
    await v.locator(".failure").waitFor();
    console.log("ok crash:", await v.locator(".failure").innerText());
    await page.screenshot({ path: shots + "/crash.png" });
    await ask("again");
    await v.locator("article.assistant").nth(4).locator(".diagram svg").waitFor();
    console.log("ok recovered");
    await page.reload();
    await v.locator("article.assistant").nth(4).waitFor();
    assert.equal(await v.locator("article").count(), 10);
    console.log("ok reload");
    await page.screenshot({ path: shots + "/reload.png" });
  }
} catch (e) {
  process.exitCode = 1;
  console.log("FAIL", e.message.slice(0, 1500));
  await page?.screenshot({ path: shots + "/fail.png" });
} finally {
  try {
    for (const l of L.hostErrors(box, "mini-gemini")) console.log("host", l.slice(0, 600));
  } catch (e) {
    console.log(e.message);
  }
  await browser.close();
  await server.stop();
  L.removeSandbox(box);
}

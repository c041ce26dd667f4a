// Tests of the interface inside the extension host: VS Code itself loads the suites, as `--extensionTestsPath` does on
// the desktop. One line of TAP each. MINI_GEMINI_TEST_ENGINE names another engine than the scripted one.
import fs from "node:fs";
import path from "node:path";
import { build } from "esbuild";
import * as rig from "../lib.mjs";
import { fillWorkspace, settings } from "./workspace.mjs";

const root = path.resolve(import.meta.dirname, "../../..");
const artifacts = path.join(root, "test/workbench/artifacts");
const common = { bundle: true, platform: "node", format: "cjs", outdir: artifacts, logLevel: "warning" };
await build({
  ...common,
  entryPoints: { inhost: path.join(import.meta.dirname, "index.ts") },
  external: ["vscode", "mocha"],
  inject: [],
});
await build({
  ...common,
  entryPoints: { "scripted-engine": path.join(import.meta.dirname, "scripted-engine.ts") },
  external: ["sharp"],
});

const box = rig.makeSandbox();
const settingsFile = path.join(box.ud, "User/settings.json");
fs.writeFileSync(settingsFile, JSON.stringify({ ...JSON.parse(fs.readFileSync(settingsFile, "utf8")), ...settings }));
await fillWorkspace(box.ws, rig.writePng);

const engine = process.env.MINI_GEMINI_TEST_ENGINE ?? path.join(artifacts, "scripted-engine.js");
let server;
let browser;
let code;
try {
  server = await rig.startServer(box, { MINI_GEMINI_TEST_ENGINE: engine });
  browser = await rig.startBrowser();
  const authority = new URL(server.url).host;
  const context = await browser.newContext({ viewport: { width: 1400, height: 900 } });
  const page = await context.newPage();
  await context.route(
    (url) => url.hostname !== "127.0.0.1" && /^(http|ws)/.test(url.protocol),
    (route) => route.abort(),
  );
  let exit;
  const exited = new Promise((resolve) => {
    exit = resolve;
  });
  await page.exposeFunction("codeAutomationLog", (type, args) => {
    if (process.env.E2E_VERBOSE) console.log(`# ${type}`, ...args);
  });
  await page.exposeFunction("codeAutomationExit", (status) => exit(status));
  const part = (file) => ({ scheme: "vscode-remote", authority, path: file });
  // A built workbench takes these from its developmentOptions only, so they are slipped into the page's configuration
  // as the workbench reads it. Nothing of the server is changed.
  await page.addInitScript(
    (options) => {
      if (window !== window.top) return;
      const read = Element.prototype.getAttribute;
      Element.prototype.getAttribute = function (name) {
        const value = read.call(this, name);
        if (name !== "data-settings" || this.id !== "vscode-workbench-web-configuration") return value;
        const configuration = JSON.parse(value);
        configuration.developmentOptions = { ...configuration.developmentOptions, ...options };
        return JSON.stringify(configuration);
      };
    },
    { extensions: [part(root)], extensionTestsPath: part(path.join(artifacts, "inhost.js")) },
  );
  await page.goto(`${server.url}/?${new URLSearchParams({ folder: box.ws })}`, { waitUntil: "commit" });
  const limit = Number(process.env.E2E_TIMEOUT ?? 900_000);
  const timer = new Promise((resolve) => setTimeout(resolve, limit, "timeout").unref());
  code = await Promise.race([exited, timer]);
  if (code === "timeout") await page.screenshot({ path: path.join(artifacts, "inhost-timeout.png") });
} finally {
  await browser?.close();
  await server?.stop();
}

let outcomes = [];
try {
  outcomes = JSON.parse(fs.readFileSync(box.report, "utf8"));
} catch (error) {
  console.log(`not ok the suites left no report (${code}): ${error.message}`);
}
for (const { title, error, skipped } of outcomes) {
  console.log(`${error === undefined ? "ok" : "not ok"} in the host: ${title}${skipped ? " # SKIP" : ""}`);
  if (error !== undefined) console.log(error.replace(/^/gm, "  # "));
}
const failed = outcomes.some(({ error }) => error !== undefined);
if (code !== 0 && !failed && outcomes.length > 0) console.log(`not ok the extension host ended with ${code}`);
if (!process.env.E2E_KEEP) rig.removeSandbox(box);
process.exitCode = code === 0 && outcomes.length > 0 && !failed ? 0 : 1;

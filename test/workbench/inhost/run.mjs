// Tests of the interface inside the extension host: VS Code itself loads the suites, as `--extensionTestsPath` does on
// the desktop. One line of TAP each. MINI_GEMINI_TEST_ENGINE names another engine than the scripted one.
import fs from "node:fs";
import path from "node:path";
import * as rig from "../lib.mjs";
import { buildSuites, reportOutcomes } from "./suites-build.mjs";
import { fillWorkspace, settings } from "./workspace.mjs";

const root = path.resolve(import.meta.dirname, "../../..");
const { suites, engine: scripted, artifacts } = await buildSuites();

const box = rig.makeSandbox();
const settingsFile = path.join(box.ud, "User/settings.json");
fs.writeFileSync(settingsFile, JSON.stringify({ ...JSON.parse(fs.readFileSync(settingsFile, "utf8")), ...settings }));
await fillWorkspace(box.ws);

const engine = process.env.MINI_GEMINI_TEST_ENGINE ?? scripted;
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
    { extensions: [part(root)], extensionTestsPath: part(suites) },
  );
  await page.goto(`${server.url}/?${new URLSearchParams({ folder: box.ws })}`, { waitUntil: "commit" });
  const limit = Number(process.env.E2E_TIMEOUT ?? 600_000);
  const timer = new Promise((resolve) => setTimeout(resolve, limit, "timeout").unref());
  code = await Promise.race([exited, timer]);
  if (code === "timeout") await page.screenshot({ path: path.join(artifacts, "inhost-timeout.png") });
} finally {
  await browser?.close();
  await server?.stop();
}

process.exitCode = reportOutcomes(box.report, code);
if (!process.env.E2E_KEEP) rig.removeSandbox(box);

// The same tests inside the extension host as `inhost/run.mjs`, on a desktop VS Code that @vscode/test-electron
// downloads. For machines that can download it and have a display (or xvfb-run): `npm run test:desktop`.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { runTests } from "@vscode/test-electron";
import { buildSuites, reportOutcomes } from "./inhost/suites-build.mjs";
import { fillWorkspace, settings } from "./inhost/workspace.mjs";

const root = path.resolve(import.meta.dirname, "../..");
const { suites, engine } = await buildSuites();
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), "mini-gemini-desktop-"));
const workspace = path.join(scratch, "ws");
const userData = path.join(scratch, "ud");
for (const folder of [workspace, path.join(userData, "User")]) fs.mkdirSync(folder, { recursive: true });
fs.writeFileSync(path.join(userData, "User", "settings.json"), JSON.stringify(settings));
await fillWorkspace(workspace);
const report = path.join(scratch, "report.json");
let code = 0;
try {
  await runTests({
    // The newest, or the oldest that engines.vscode admits: VSCODE_VERSION=1.100.0
    version: process.env.VSCODE_VERSION ?? "stable",
    extensionDevelopmentPath: root,
    extensionTestsPath: suites,
    extensionTestsEnv: { MINI_GEMINI_TEST_ENGINE: engine, E2E_REPORT: report },
    launchArgs: [workspace, "--user-data-dir", userData, "--disable-extensions", "--disable-workspace-trust"],
  });
} catch (error) {
  code = 1;
  console.log(`# ${error.message}`);
}
process.exitCode = reportOutcomes(report, code);
fs.rmSync(scratch, { recursive: true, force: true });

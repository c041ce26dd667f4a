// Everything in a real VS Code, one part after the other; each prints its own lines of TAP.
// With names of parts it runs only those: `node test/workbench/all.mjs inhost`.
import { spawnSync } from "node:child_process";
import path from "node:path";
import { build } from "esbuild";

const root = path.resolve(import.meta.dirname, "../..");
const parts = {
  /** The chat, by mouse and keyboard. */
  scenarios: "test/workbench/run.mjs",
  /** Commands and providers, inside the extension host. */
  inhost: "test/workbench/inhost/run.mjs",
  /** The packaged extension: built by one command, installed, tried. Last, because it builds dist/ for production. */
  vsix: "test/workbench/vsix.mjs",
};
const asked = process.argv.slice(2);
const run = (...args) => spawnSync(process.execPath, args, { cwd: root, stdio: "inherit" }).status ?? 1;

if (run("esbuild.mjs") !== 0) process.exit(1);
await build({
  entryPoints: [path.join(import.meta.dirname, "fake-engine.ts")],
  bundle: true,
  platform: "node",
  external: ["sharp"],
  outfile: path.join(import.meta.dirname, "artifacts", "fake-engine.js"),
});
for (const [name, script] of Object.entries(parts)) {
  if (asked.length === 0 || asked.includes(name)) process.exitCode = run(script) || process.exitCode;
}

// What both ways to run the suites share: their bundles, and their outcomes as lines of TAP.
import fs from "node:fs";
import path from "node:path";
import { build } from "esbuild";

const artifacts = path.resolve(import.meta.dirname, "../artifacts");

/** @returns the files of the suites and of the scripted engine. */
export async function buildSuites() {
  const common = { bundle: true, platform: "node", format: "cjs", outdir: artifacts, logLevel: "warning" };
  const source = (name) => path.join(import.meta.dirname, name);
  await build({ ...common, entryPoints: { inhost: source("index.ts") }, external: ["vscode", "mocha"] });
  await build({ ...common, entryPoints: { "scripted-engine": source("scripted-engine.ts") }, external: ["sharp"] });
  const at = (name) => path.join(artifacts, name);
  return { suites: at("inhost.js"), engine: at("scripted-engine.js"), artifacts };
}

/** @returns the exit status: 0 only where something ran and nothing failed. */
export function reportOutcomes(report, code) {
  let outcomes = [];
  try {
    outcomes = JSON.parse(fs.readFileSync(report, "utf8"));
  } catch (error) {
    console.log(`not ok the suites left no report (${code}): ${error.message}`);
  }
  for (const { title, error, skipped } of outcomes) {
    console.log(`${error === undefined ? "ok" : "not ok"} in the host: ${title}${skipped ? " # SKIP" : ""}`);
    if (error !== undefined) console.log(error.replace(/^/gm, "  # "));
  }
  const failed = outcomes.some(({ error }) => error !== undefined);
  if (code !== 0 && !failed && outcomes.length > 0) console.log(`not ok the extension host ended with ${code}`);
  return code === 0 && outcomes.length > 0 && !failed ? 0 : 1;
}

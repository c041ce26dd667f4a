// `npm test`: installs, builds, checks and tests everything; the last line is "N passed, N failed, N skipped".
// With names of stages it runs only those: `npm test -- lint unit`. See test/README.md.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createInterface } from "node:readline";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import "./install.mjs";

const root = path.resolve(import.meta.dirname, "..");
const tools = path.join(root, "node_modules", ".bin");
const totals = { passed: 0, failed: 0, skipped: 0 };
const add = (counts) => {
  for (const outcome of Object.keys(totals)) totals[outcome] += counts[outcome] ?? 0;
};

/** Runs a command to its end; its output goes to this one's. @returns its exit status. */
function run(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
    ...options,
  });
  if (error) console.error(error.message);
  return status ?? 1;
}

/** A check that is one command: passed where it exits with 0. */
function check(name, command, args) {
  const passed = run(path.join(tools, command), args, { shell: process.platform === "win32" }) === 0;
  console.log(`${passed ? "ok     " : "FAILED "} ${name}`);
  add(passed ? { passed: 1 } : { failed: 1 });
  return passed;
}

const testFiles = (folder) =>
  readdirSync(path.join(root, folder), { recursive: true })
    .filter((file) => file.endsWith(".test.ts"))
    .map((file) => path.join(folder, file))
    .sort();

/** Every *.test.ts under a folder, with node:test. */
function nodeTests(folder) {
  const files = testFiles(folder);
  const scratch = mkdtempSync(path.join(os.tmpdir(), "mini-gemini-test-"));
  const counts = path.join(scratch, "totals.json");
  try {
    const status = run(
      process.execPath,
      ["--import", "tsx", "--test", "--test-reporter", "./test/reporter.mjs", ...files],
      { env: { ...process.env, MINI_GEMINI_TEST_TOTALS: counts } },
    );
    const found = JSON.parse(readFileSync(counts, "utf8"));
    add(found);
    // The runner itself failed, though no test did.
    if (status !== 0 && found.failed === 0) add({ failed: 1 });
    if (found.passed + found.failed === 0) add({ failed: 1 });
  } catch (error) {
    console.error(`FAILED  ${folder}: ${error.message}`);
    add({ failed: 1 });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Scenarios in a real VS Code: one line of TAP each. */
async function workbench() {
  const refuse = (reason) => {
    const must = process.env.MINI_GEMINI_REQUIRE_WORKBENCH === "1";
    console.log(`${must ? "FAILED " : "skipped"} workbench: ${reason}`);
    add(must ? { failed: 1 } : { skipped: 1 });
  };
  if (process.platform !== "linux" || process.arch !== "x64") {
    refuse("its browser and its VS Code server are installed for Linux on x64 only");
    return;
  }
  if (run("bash", ["test/workbench/setup.sh"]) !== 0) {
    refuse(
      "test/workbench/setup.sh could not install its host (it needs Debian's packages, as root or installed before)",
    );
    return;
  }
  const child = spawn("npm", ["run", "--silent", "test:workbench"], {
    cwd: root,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let failed = 0;
  let counted = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    console.log(line);
    const [, not, comment] = /^(not )?ok\b([^]*)$/.exec(line) ?? [];
    if (comment === undefined) continue;
    counted++;
    if (not !== undefined) failed++;
    add(not !== undefined ? { failed: 1 } : /# SKIP/i.test(comment) ? { skipped: 1 } : { passed: 1 });
  }
  const status = await new Promise((resolve) =>
    child.exitCode === null ? child.once("close", resolve) : resolve(child.exitCode),
  );
  if (counted === 0 || (status !== 0 && failed === 0)) {
    console.log(`FAILED  workbench: it ended with status ${status} after ${counted} scenarios`);
    add({ failed: 1 });
  }
}

const stages = {
  types: () => check("types (tsc --build)", "tsc", ["--build"]),
  lint: () => {
    check("ESLint", "eslint", [".", "--max-warnings", "0"]);
    check("Prettier", "prettier", ["--check", "--log-level", "warn", "."]);
  },
  bundle: () => {
    const passed = run(process.execPath, ["esbuild.mjs"]) === 0;
    console.log(`${passed ? "ok     " : "FAILED "} bundle`);
    add(passed ? { passed: 1 } : { failed: 1 });
  },
  unit: () => nodeTests("test/unit"),
  workbench,
  // After the workbench's setup, whose browser brings the Vulkan driver of the WebGPU cases.
  golden: () => nodeTests("test/golden"),
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !Object.hasOwn(stages, name));
if (unknown.length > 0) {
  console.error(`There is no stage ${unknown.join(", ")}; there are ${Object.keys(stages).join(", ")}.`);
  process.exit(2);
}
for (const name of wanted.length > 0 ? wanted : Object.keys(stages)) {
  const started = performance.now();
  await stages[name]();
  console.log(`--- ${name}: ${((performance.now() - started) / 1000).toFixed(0)} s`);
}
process.exitCode = totals.failed > 0 ? 1 : 0;
console.log(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);

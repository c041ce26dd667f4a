/** The scripts of package.json, as npm runs them with this project's .npmrc. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";

const project = path.join(import.meta.dirname, "../../..");

test("no script leans on another that npm leaves out when ignore-scripts is set", () => {
  assert.match(readFileSync(path.join(project, ".npmrc"), "utf8"), /^ignore-scripts=true$/m);
  const { scripts } = JSON.parse(readFileSync(path.join(project, "package.json"), "utf8")) as {
    scripts: Record<string, string>;
  };
  const left = Object.keys(scripts).filter(
    (name) => /^(?:pre|post)/.test(name) && name.replace(/^(?:pre|post)/, "") in scripts,
  );
  assert.deepEqual(left, []);
  assert.match(scripts["start"] ?? "", /^node test\/install\.mjs && /);
});

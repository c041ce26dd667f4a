// A reporter of node:test: a line for each file, every failure in full, and the totals as JSON for test/run.mjs.
import { writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";

const kindOf = ({ skip, todo }) => ((skip !== undefined && skip !== false) || todo ? "skipped" : undefined);

export default async function* report(events) {
  const totals = { passed: 0, failed: 0, skipped: 0 };
  const files = new Map();
  for await (const { type, data } of events) {
    if (type === "test:stderr" || type === "test:stdout") yield data.message;
    if (type !== "test:pass" && type !== "test:fail") continue;
    // A file or a suite that fails only because of its tests is counted by them.
    const isContainer = data.details.type === "suite" || data.name === data.file;
    const failsByChildren = data.details.error?.failureType === "subtestsFailed";
    if (isContainer && (type === "test:pass" || failsByChildren)) continue;
    if (failsByChildren) continue;
    const outcome = type === "test:fail" ? "failed" : (kindOf(data) ?? "passed");
    totals[outcome]++;
    const file = path.relative(process.cwd(), data.file ?? "");
    const counts = files.get(file) ?? { passed: 0, failed: 0, skipped: 0 };
    counts[outcome]++;
    files.set(file, counts);
    if (outcome === "failed") {
      const { error } = data.details;
      yield `\nFAILED ${file}:${data.line ?? 0} ${data.name}\n${error?.cause?.stack ?? error?.cause ?? error}\n\n`;
    }
    if (outcome === "skipped") yield `skipped ${file} ${data.name}: ${data.skip ?? data.todo}\n`;
  }
  for (const [file, { passed, failed, skipped }] of files) {
    yield `${failed > 0 ? "FAILED " : "ok     "} ${file}: ${passed} passed, ${failed} failed, ${skipped} skipped\n`;
  }
  const target = process.env.MINI_GEMINI_TEST_TOTALS;
  if (target !== undefined) writeFileSync(target, JSON.stringify(totals));
}

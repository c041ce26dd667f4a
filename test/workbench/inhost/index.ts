/**
 * Loaded by VS Code inside its extension host: runs every suite there, and fails the host where one fails.
 * E2E_GREP names a part of a test's title: only those are run.
 */
import { writeFileSync } from "node:fs";
import Mocha from "mocha";

interface Outcome {
  readonly title: string;
  readonly error?: string;
  readonly skipped?: boolean;
}

export async function run(): Promise<void> {
  const mocha = new Mocha({ ui: "bdd", timeout: 240_000 });
  // The suites are bundled with this file, so there is none to add: they define themselves as they load.
  mocha.suite.emit("pre-require", globalThis, "", mocha);
  await import("./suites");
  const wanted = process.env["E2E_GREP"];
  if (wanted !== undefined) mocha.grep(wanted);
  const outcomes: Outcome[] = [];
  await new Promise<void>((resolve) => {
    const runner = mocha.run(() => {
      resolve();
    });
    runner.on("pass", (test) => outcomes.push({ title: test.fullTitle() }));
    runner.on("pending", (test) => outcomes.push({ title: test.fullTitle(), skipped: true }));
    runner.on("fail", (test, error: unknown) => {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      outcomes.push({ title: test.fullTitle(), error: text });
    });
  });
  const report = process.env["E2E_REPORT"];
  if (report !== undefined) writeFileSync(report, JSON.stringify(outcomes));
  const failed = outcomes.filter(({ error }) => error !== undefined);
  if (failed.length > 0) throw new Error(failed.map(({ title, error }) => `${title}: ${error ?? ""}`).join("\n"));
}

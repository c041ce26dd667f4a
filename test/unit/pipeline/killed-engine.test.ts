/** The real engine process, killed in the middle of an answer. */
import assert from "node:assert/strict";
import path from "node:path";
import { after, test } from "node:test";
import { EngineProcess } from "../../../src/extension/engine-process";
import type { FailureError } from "../../../src/shared/failure";
import { ask, greedy, image, loadParams } from "./golden-engine";

const nothing = (): void => undefined;
const engine = new EngineProcess({
  script: path.join(import.meta.dirname, "../../../dist/engine.js"),
  log: { info: nothing, warn: nothing, error: nothing },
});
after(() => {
  engine.dispose();
});

const question = {
  turns: [ask("What is shown in this picture?", image("landscape_320x240.png"))],
  sampling: { ...greedy, maxTokens: 1500 },
  ocr: false,
};

test("is a typed failure for the caller, and the next question gets a fresh engine", async () => {
  await engine.call("load", loadParams("MGM-2B"));
  const first = engine.pid;
  let killed = false;
  const answer = engine.call("explain", question, {
    onPart: ({ kind }) => {
      if (kind !== "text" || killed || first === null) return;
      killed = true;
      process.kill(first, "SIGKILL");
    },
  });
  await assert.rejects(answer, (thrown: unknown) => {
    const { failure } = thrown as FailureError;
    assert.deepEqual(failure, { code: "engine-exited", exitCode: null, signal: "SIGKILL" });
    return true;
  });
  await engine.call("load", loadParams("MGM-2B"));
  assert.notEqual(engine.pid, first);
  const { tokens } = await engine.call("explain", { ...question, sampling: greedy });
  assert.equal(tokens, 8);
});

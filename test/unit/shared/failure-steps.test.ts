/** What a refused token leads to is a button, not a search through the settings. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Failure, FailureCode } from "../../../src/shared/failure";
import { stepsFor } from "../../../src/shared/failure-steps";
import { failureTexts } from "../../../src/shared/failure-text";
import { isViewMessage } from "../../../src/shared/view-protocol";

test("a hub that wants a token offers to set one, or another address", () => {
  const refused = { code: "hub-unauthorized", host: "hub", repository: "a/b", status: 401 } as const;
  assert.deepEqual(stepsFor(refused), ["set-access-token", "model-settings"]);
});

test("so does a server that answers questions, with its own token and settings", () => {
  const refused = { code: "server-unauthorised", server: "localhost:8000", status: 401 } as const;
  assert.deepEqual(stepsFor(refused), ["set-server-token", "server-settings"]);
});

test("a model that cannot be used leads to the choice of another", () => {
  const steps = [
    stepsFor({ code: "model-folder-missing", folder: "/gone" }),
    stepsFor({ code: "out-of-memory", neededBytes: 2, availableBytes: 1 }),
    stepsFor({ code: "weights-header", file: "a", reason: "b" }),
  ];
  for (const [first] of steps) assert.equal(first, "choose-model");
});

test("every step that a failure names can be asked for by the view", () => {
  for (const code of Object.keys(failureTexts) as FailureCode[]) {
    for (const step of stepsFor({ code } as Failure)) {
      assert.equal(isViewMessage({ kind: "failure-step", step }), true, step);
    }
  }
});

test("a failure that no setting can help has no buttons", () => {
  assert.deepEqual(stepsFor({ code: "image-empty", image: "a.png" }), []);
});

/** What a refused token leads to is a button, not a search through the settings. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { stepsFor } from "../../../src/shared/failure-steps";

test("a hub that wants a token offers to set one, or another address", () => {
  const refused = { code: "hub-unauthorized", host: "hub", repository: "a/b", status: 401 } as const;
  assert.deepEqual(stepsFor(refused), ["set-access-token", "model-settings"]);
});

test("so does a server that answers questions, with its own token and settings", () => {
  const refused = { code: "server-unauthorised", server: "localhost:8000", status: 401 } as const;
  assert.deepEqual(stepsFor(refused), ["set-server-token", "server-settings"]);
});

test("a failure that no setting can help has no buttons", () => {
  assert.deepEqual(stepsFor({ code: "image-empty", image: "a.png" }), []);
});

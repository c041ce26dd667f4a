/** What the view sends is untrusted until it is checked. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isViewMessage, longestText } from "../../../src/shared/view-protocol";

const part = { left: 0, top: 0, width: 8, height: 8 };

describe("messages of the view", () => {
  for (const message of [
    { kind: "ready" },
    { kind: "ask", text: "" },
    { kind: "attach-bytes", name: "a.png", bytes: new Uint8Array(3) },
    { kind: "attach-addresses", addresses: ["file:///a.png"] },
    { kind: "refuse-file", name: "notes.pdf", bytes: 12 },
    { kind: "failure-step", step: "set-server-token" },
    { kind: "draft", chat: "1", text: "half a question" },
    { kind: "crop", image: "1", part },
    { kind: "crop", image: "1", part: { ...part, of: { width: 64, height: 32 } } },
  ]) {
    it(`are taken: ${JSON.stringify(message)}`, () => {
      assert.equal(isViewMessage(message), true);
    });
  }

  for (const [reason, message] of [
    ["nothing", undefined],
    ["no kind", { text: "x" }],
    ["an unknown kind", { kind: "run", text: "x" }],
    ["a name of every object", { kind: "toString" }],
    ["a field that is missing", { kind: "ask" }],
    ["a field of another type", { kind: "ask", text: 5 }],
    ["a text beyond the limit", { kind: "ask", text: "x".repeat(longestText + 1) }],
    ["bytes that are none", { kind: "attach-bytes", name: "a.png", bytes: [1, 2] }],
    ["addresses that are no texts", { kind: "attach-addresses", addresses: [{}] }],
    ["a step that is none", { kind: "failure-step", step: "workbench.action.terminal.sendSequence" }],
    ["parts of pixels", { kind: "crop", image: "1", part: { ...part, left: 0.5 } }],
    ["a part of what has no size", { kind: "crop", image: "1", part: { ...part, of: { width: 64 } } }],
  ] as const) {
    it(`are refused: ${reason}`, () => {
      assert.equal(isViewMessage(message), false);
    });
  }
});

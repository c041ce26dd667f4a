/** What the panel sends is untrusted until it is checked: above all, which file it wants to start from. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { emptyForm, isIllustrationForm, isPanelMessage } from "../../../src/shared/illustration-protocol";

const from = { file: "start-1.png", name: "plan.png", strength: 0.6 };

describe("the form of an illustration", () => {
  it("is taken with and without a picture to start from", () => {
    assert.equal(isIllustrationForm(emptyForm), true);
    assert.equal(isIllustrationForm({ ...emptyForm, from }), true);
    assert.equal(isPanelMessage({ kind: "generate", form: { ...emptyForm, from } }), true);
  });

  for (const [reason, wrong] of [
    ["a file elsewhere", { ...from, file: "../secret.png" }],
    ["an absolute file", { ...from, file: "/etc/passwd.png" }],
    ["a file of Windows elsewhere", { ...from, file: "..\\secret.png" }],
    ["a hidden file", { ...from, file: ".env" }],
    ["no name", { file: from.file, strength: 1 }],
    ["nothing drawn anew", { ...from, strength: 0 }],
    ["more than all drawn anew", { ...from, strength: 1.1 }],
    ["a text", "start-1.png"],
    ["nothing said", undefined],
  ] as const) {
    it(`is refused: ${reason}`, () => {
      assert.equal(isIllustrationForm({ ...emptyForm, from: wrong }), false);
    });
  }
});

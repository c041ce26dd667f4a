/** An answer in progress, read from disk: whose it is, and whether anybody still goes on with it. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { before, describe, it } from "node:test";
import {
  type AnsweringWindow,
  isAnsweredElsewhere,
  isAnsweredHere,
  isCut,
  thisWindow,
} from "../../../src/extension/chat/answering-window";
import type { StoredMessage } from "../../../src/extension/chat/chat-store";

const answer = (state: StoredMessage["state"], window?: AnsweringWindow): StoredMessage => ({
  ...{ id: "a", role: "assistant", text: "so far", images: [], contexts: [], state, notices: [], window },
});
/** A process that lives as long as this one at least. */
const theirs = (): AnsweringWindow => ({ host: process.ppid, seen: Date.now() });
let dead = 0;

describe("an answer in progress on disk", () => {
  before(async () => {
    const child = spawn(process.execPath, ["-e", ""]);
    await once(child, "exit");
    dead = child.pid ?? 0;
  });

  it("goes on where its window lives and says so", () => {
    const message = answer("streaming", theirs());
    assert.equal(isAnsweredElsewhere(message), true);
    assert.equal(isAnsweredHere(message), false);
    assert.equal(isCut(message), false);
  });

  it("is cut where its window has ended, or its process id is another program's by now", () => {
    assert.equal(isCut(answer("streaming", { host: dead, seen: Date.now() })), true);
    assert.equal(isCut(answer("streaming", { ...theirs(), seen: Date.now() - 3_600_000 })), true);
    assert.equal(isCut(answer("streaming", { ...theirs(), seen: Date.now() + 3_600_000 })), true);
  });

  it("is cut where no window is known, as in chats of older versions, or where it was this one's", () => {
    assert.equal(isCut(answer("streaming")), true);
    assert.equal(isCut(answer("streaming", thisWindow())), true);
    assert.equal(isAnsweredHere(answer("streaming", thisWindow())), true);
  });

  it("is nobody's once it has ended", () => {
    for (const state of ["done", "stopped", "failed"] as const) {
      const message = answer(state, theirs());
      assert.deepEqual([isCut(message), isAnsweredElsewhere(message), isAnsweredHere(message)], [false, false, false]);
    }
  });
});

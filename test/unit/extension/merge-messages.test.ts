/** One chat, open in two windows: whatever each of them does in between, nothing that was said is lost. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { thisWindow } from "../../../src/extension/chat/answering-window";
import type { StoredMessage } from "../../../src/extension/chat/chat-store";
import { knownMessages, mergeMessages } from "../../../src/extension/chat/merge-messages";

const said = (id: string, text = id): StoredMessage => ({
  ...{ id, role: "user", text, images: [], contexts: [], state: "done", notices: [] },
});
const texts = (messages: readonly StoredMessage[]): string[] => messages.map(({ text }) => text);
const common = [said("a"), said("b")];
const known = knownMessages(common);

describe("messages of two windows", () => {
  it("stay the same array where only this window wrote", () => {
    const ours = [...common, said("c")];
    assert.equal(mergeMessages(ours, common, known), ours);
  });

  it("keep what both added, an answer in progress last", () => {
    const ours = [...common, said("our question"), said("our answer")];
    const theirs = [...common, said("their question"), said("their answer")];
    assert.deepEqual(texts(mergeMessages(ours, theirs, known)), [
      ...["a", "b", "their question", "their answer", "our question", "our answer"],
    ]);
  });

  it("keep both where nothing was common", () => {
    assert.deepEqual(texts(mergeMessages([said("ours")], [said("theirs")], new Map())), ["theirs", "ours"]);
  });

  it("take an answer that went on in the other window, not the part of it that was taken in before", () => {
    const merged = mergeMessages([...common], [said("a"), said("b", "b went on")], known);
    assert.deepEqual(texts(merged), ["a", "b went on"]);
  });

  it("keep an answer that goes on here", () => {
    const answer = said("b", "b goes on here");
    const ours = [said("a"), answer];
    assert.equal(mergeMessages(ours, [said("a"), said("b", "b")], known), ours);
    assert.equal(mergeMessages(ours, [said("a"), said("b", "changed there too")], known)[1], answer);
  });

  it("keep an answer in progress also where nothing came since it was written, and the other window took it for stopped", () => {
    const answer: StoredMessage = { ...said("c"), role: "assistant", state: "streaming", window: thisWindow() };
    const ours = [...common, answer];
    const merged = mergeMessages(ours, [...common, { ...answer, state: "stopped" }], knownMessages(ours));
    assert.equal(merged[2], answer);
  });

  it("take what the other window has written of an answer in progress there, and its end", () => {
    const window = { host: process.ppid, seen: 0 };
    const answer: StoredMessage = { ...said("c", "so far"), role: "assistant", state: "streaming", window };
    const ours = [...common, answer];
    for (const next of [
      { ...answer, text: "so far, and more" },
      { ...answer, state: "stopped" as const },
    ]) {
      assert.equal(mergeMessages(ours, [...common, next], knownMessages(ours))[2], next);
    }
  });

  it("forget what was deleted in either, unless the other one changed it", () => {
    assert.deepEqual(texts(mergeMessages([said("a")], [...common, said("c")], known)), ["a", "c"]);
    assert.deepEqual(texts(mergeMessages([...common], [said("a")], known)), ["a"]);
    assert.deepEqual(texts(mergeMessages([said("a"), said("b", "changed")], [said("a")], known)), ["a", "changed"]);
  });

  it("come to the same in both, whoever writes first", () => {
    let disk = [...common];
    const first = { messages: [...common, said("1")], known };
    const second = { messages: [...common, said("2")], known };
    for (const window of [first, second, first, second]) {
      window.messages = mergeMessages(window.messages, disk, window.known);
      disk = window.messages.map((message) => ({ ...message }));
      window.known = knownMessages(disk);
    }
    assert.deepEqual(texts(first.messages), ["a", "b", "1", "2"]);
    assert.deepEqual(texts(second.messages), texts(first.messages));
  });
});

import assert from "node:assert/strict";
import { afterEach, describe, it } from "mocha";
import * as vscode from "vscode";
import type { EngineState } from "../../../src/extension/explainer";
import { internals, lastAnswer, setModel, until } from "./host";

const settings = (): vscode.WorkspaceConfiguration => vscode.workspace.getConfiguration("miniGemini");

describe("engine and settings", () => {
  afterEach(async () => {
    await setModel(undefined);
    for (const name of ["answer.temperature", "answer.maxTokens", "ocr.enabled"]) {
      await settings().update(name, undefined, vscode.ConfigurationTarget.Global);
    }
  });

  it("tells its states: loading with progress, working, idle with model and memory", async () => {
    const { explainer, view } = await internals();
    const states: EngineState[] = [];
    explainer.onState((state) => states.push(state));
    await setModel("/models/large");
    await view.startNewChat();
    await view.session.ask("what is this?");
    await lastAnswer();
    const kinds = states.map(({ activity }) => activity.kind);
    assert.ok(kinds.indexOf("loading") < kinds.indexOf("working"));
    await until("the memory", () => explainer.state.rssBytes === 512 * 2 ** 20);
    assert.equal(explainer.state.activity.kind, "idle");
    assert.equal(explainer.state.model?.name, "large");
  });

  it("a crash in mid-answer keeps what was written, is told, and the next question works", async () => {
    const { explainer, view } = await internals();
    await view.startNewChat();
    await view.session.ask("crash slow");
    const answer = view.session.chat.messages.at(-1);
    assert.equal(answer?.state, "failed");
    assert.match(answer.failure?.message ?? "", /The engine stopped unexpectedly \(exit code 7/);
    assert.match(answer.text, /^word /);
    assert.equal(explainer.state.activity.kind, "failed");
    await view.session.ask("again");
    const told = await lastAnswer();
    assert.equal(told.question, "again");
    assert.equal(told.turns, 3, "the chat went on");
    assert.equal(explainer.state.activity.kind, "idle");
  });

  it("three crashes at load: no fourth try, and a sentence that says what to do", async () => {
    const { explainer, view } = await internals();
    explainer.engine.dispose();
    await setModel("/models/crash-at-load");
    for (let crash = 0; crash < 3; crash++) {
      await view.startNewChat();
      await view.session.ask("x");
    }
    await view.startNewChat();
    await view.session.ask("x");
    const failure = view.session.chat.messages.at(-1)?.failure;
    assert.match(failure?.message ?? "", /stopped 3 times in a row/);
    assert.match(failure?.advice ?? "", /not be tried again by itself/);
    assert.equal(explainer.engine.pid, null);
    assert.deepEqual(
      failure?.steps?.map(({ step }) => step),
      ["choose-model", "engine-settings"],
    );
    await view.session.retry();
    assert.match(view.session.chat.messages.at(-1)?.failure?.message ?? "", /exit code 7/, "a person may try again");
    await setModel(undefined);
    await view.session.retry();
    assert.equal((await lastAnswer()).question, "x");
  });

  it("a model that cannot be loaded is told, and the chat is kept", async () => {
    const { explainer, view } = await internals();
    await setModel("/models/missing");
    await view.startNewChat();
    await view.session.ask("x");
    assert.match(view.session.chat.messages.at(-1)?.failure?.message ?? "", /There is no folder/);
    assert.equal(explainer.state.activity.kind, "failed");
  });

  it("a question that is edited while it is answered is asked anew at once", async () => {
    const { view } = await internals();
    await view.startNewChat();
    const first = view.session.ask("slow");
    await until("the first words", () => (view.session.chat.messages.at(-1)?.text.length ?? 0) > 0);
    const [question] = view.session.chat.messages;
    assert.ok(question !== undefined);
    await view.session.edit(question.id, "and now?");
    await first;
    const { question: asked, turns } = await lastAnswer();
    assert.deepEqual([asked, turns, view.session.chat.messages.length], ["and now?", 1, 2]);
  });

  it("notices of loading are told once", async () => {
    const { view } = await internals();
    await setModel("/models/noticed");
    await view.startNewChat();
    await view.session.ask("one");
    await view.session.ask("two");
    const notices = view.session.chat.messages
      .filter(({ role }) => role === "assistant")
      .map((one) => one.notices.length);
    assert.deepEqual(notices, [1, 0]);
  });

  it("settings count at once, without a restart", async () => {
    const { view } = await internals();
    await settings().update("answer.temperature", 0.7, vscode.ConfigurationTarget.Global);
    await settings().update("answer.maxTokens", 99, vscode.ConfigurationTarget.Global);
    await settings().update("ocr.enabled", false, vscode.ConfigurationTarget.Global);
    await view.startNewChat();
    await view.session.ask("x");
    const { temperature, maxTokens, ocr } = await lastAnswer();
    assert.deepEqual({ temperature, maxTokens, ocr }, { temperature: 0.7, maxTokens: 99, ocr: false });
  });

  it("a workspace cannot choose the model or the device", async () => {
    for (const name of ["model.folder", "engine.device", "engine.threads"]) {
      const update = settings().update(name, "x", vscode.ConfigurationTarget.Workspace);
      await assert.rejects(Promise.resolve(update), name);
    }
  });
});

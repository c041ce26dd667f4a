import assert from "node:assert/strict";
import { afterEach, describe, it } from "mocha";
import * as vscode from "vscode";
import { extension, internals, lastAnswer, messagesOf, setModel, until, workspaceFile } from "./host";

const command = (name: string, ...args: unknown[]): Thenable<unknown> =>
  vscode.commands.executeCommand(`miniGemini.${name}`, ...args);

const wait = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Runs a command and declines every list and dialog that it shows. @throws what the command throws. */
async function declined(id: string): Promise<void> {
  const ended = Promise.resolve(vscode.commands.executeCommand(id)).then(() => "ended" as const);
  for (let tries = 0; tries < 240; tries++) {
    if ((await Promise.race([ended, wait(250)])) === "ended") return;
    await vscode.commands.executeCommand("workbench.action.closeQuickOpen");
  }
  throw new Error(`${id} does not end`);
}

describe("commands", () => {
  afterEach(() => setModel(undefined));

  it("Explain Image asks about one image, in a new chat", async () => {
    await command("explainImage", workspaceFile("red.png"));
    const told = await lastAnswer();
    assert.equal(told.question, "Explain this image.");
    assert.deepEqual(told.images, ["red.png"]);
    assert.equal(told.turns, 1);
  });

  it("Explain Image asks about all that are selected in the explorer", async () => {
    const uris = ["red.png", "error.png"].map(workspaceFile);
    await command("explainImage", uris[0], uris);
    assert.deepEqual((await lastAnswer()).images, ["red.png", "error.png"]);
  });

  it("Explain Image takes source control's resources, one after the other", async () => {
    await command(
      "explainImage",
      { resourceUri: workspaceFile("red.png") },
      { resourceUri: workspaceFile("error.png") },
    );
    assert.deepEqual((await lastAnswer()).images, ["red.png", "error.png"]);
  });

  it("Explain Image says so when it is given no image", async () => {
    const shown = await messagesOf(() => command("explainImage", { resourceUri: workspaceFile("notes.md") }));
    assert.deepEqual(shown, ["notes.md is not an image."]);
  });

  it("Ask About Image attaches without asking", async () => {
    await command("askAboutImage", workspaceFile("red.png"));
    const { view } = await internals();
    assert.deepEqual(
      view.session.chat.attachments.map(({ name }) => name),
      ["red.png"],
    );
    assert.deepEqual(view.session.chat.messages, []);
  });

  it("asks the starter in the words that it was trained on, and shows the person's own", async () => {
    const wordings = [
      ["diagramToMermaid", "Convert this diagram to Mermaid."],
      ["chartToTable", "Turn the chart into a Markdown table."],
      ["screenshotToHtml", "Turn this UI into HTML."],
    ] as const;
    for (const [name, asked] of wordings) {
      await command(name, workspaceFile("red.png"));
      assert.equal((await lastAnswer()).question, asked);
    }
    await setModel("/models/large");
    await command("chartToTable", workspaceFile("red.png"));
    assert.equal((await lastAnswer()).question, "Write the data of this chart as a Markdown table.");
    const { view } = await internals();
    assert.equal(view.session.chat.messages[0]?.text, "Write the data of this chart as a Markdown table.");
  });

  it("Explain This Error links to the file and line in the workspace", async () => {
    await command("explainError", workspaceFile("error.png"));
    await lastAnswer();
    const { view } = await internals();
    assert.match(view.session.chat.messages.at(-1)?.text ?? "", /\[src\/app\.ts:3\]\(<src\/app\.ts:3>\)/);
  });

  it("a new question while one is being answered stops that one", async () => {
    const { view } = await internals();
    await view.startNewChat();
    const first = view.session.ask("slow");
    await until("the first answer's text", () => {
      const last = view.session.chat.messages.at(-1);
      return last?.role === "assistant" && last.text.length > 0;
    });
    const stopped = view.session.chat;
    await command("explainImage", workspaceFile("red.png"));
    await first;
    assert.equal((await lastAnswer()).question, "Explain this image.");
    assert.equal(stopped.messages.at(-1)?.state, "stopped");
  });

  it("a new question right after another, before its first word, is answered too", async () => {
    const { explainer, view } = await internals();
    // The hardest moment: no engine runs yet.
    explainer.engine.dispose();
    const first = command("explainImage", workspaceFile("error.png"));
    const second = command("explainImage", workspaceFile("red.png"));
    await Promise.all([first, second]);
    await until("both have ended", () => !view.session.busy);
    assert.deepEqual((await lastAnswer()).images, ["red.png"]);
  });

  it("none fails without arguments", async function () {
    this.timeout(600_000);
    const { commands } = (extension().packageJSON as { contributes: { commands: { command: string }[] } }).contributes;
    await vscode.commands.executeCommand("workbench.action.closeAllEditors");
    for (const { command: id } of commands) {
      const shown = await messagesOf(() => declined(id));
      for (const message of shown) assert.doesNotMatch(message, /went wrong|Error:|undefined/, id);
    }
  });
});

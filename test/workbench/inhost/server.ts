import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "mocha";
import * as vscode from "vscode";
import { internals, lastAnswer, type Told, workspaceFile } from "./host";

const settings = (): vscode.WorkspaceConfiguration => vscode.workspace.getConfiguration("miniGemini.engine.server");

async function set(values: Readonly<Record<string, unknown>>): Promise<void> {
  for (const [name, value] of Object.entries(values)) {
    await settings().update(name, value, vscode.ConfigurationTarget.Global);
  }
}

/** What a person would be asked, and what they answer. */
const asked: string[] = [];
let answerTo: (message: string, buttons: readonly string[]) => string | undefined = () => undefined;
let typed: string | undefined;
const originals = { warn: vscode.window.showWarningMessage, input: vscode.window.showInputBox };

function replace(name: string, value: unknown): void {
  Object.defineProperty(vscode.window, name, { value, configurable: true, writable: true });
}

async function ask(text: string, image?: string): Promise<void> {
  const { view } = await internals();
  if (image === undefined) await view.startNewChat();
  else await view.explain([workspaceFile(image)], undefined);
  await view.session.ask(text);
}

const send = (_message: string, buttons: readonly string[]): string | undefined => buttons[0];

describe("a server that answers", () => {
  beforeEach(() => {
    asked.length = 0;
    replace("showWarningMessage", (message: string, _options: object, ...buttons: string[]) => {
      asked.push(message);
      return Promise.resolve(answerTo(message, buttons));
    });
    replace("showInputBox", () => Promise.resolve(typed));
  });

  afterEach(async () => {
    replace("showWarningMessage", originals.warn);
    replace("showInputBox", originals.input);
    await set({ url: undefined, model: undefined, sendImages: undefined, timeoutSeconds: undefined });
  });

  it("is asked only after the person agreed, once for each server and for images apart from text", async () => {
    const { view } = await internals();
    await set({ url: "http://one.invalid:8000" });
    answerTo = () => undefined;
    await ask("no");
    assert.equal(view.session.chat.messages.at(-1)?.state, "stopped");
    answerTo = send;
    await ask("yes");
    await ask("again");
    assert.deepEqual((await lastAnswer()).server, {
      ...{ url: "http://one.invalid:8000", model: "", sendImages: true, timeoutSeconds: 120 },
    });
    const images = "Send questions and images to one.invalid:8000?";
    assert.deepEqual(asked, [images, images]);
    await set({ url: "http://two.invalid", model: "seer", timeoutSeconds: 33, sendImages: false });
    await ask("yes");
    const { server } = await lastAnswer();
    assert.deepEqual([server?.model, server?.timeoutSeconds, server?.sendImages], ["seer", 33, false]);
    assert.equal(asked.at(-1), "Send questions and the text read in images to two.invalid?");
    await set({ sendImages: undefined });
    await ask("yes");
    assert.deepEqual(asked.slice(-1), ["Send questions and images to two.invalid?"]);
    assert.equal(asked.length, 4);
  });

  it("is named with its answers, and no visual tokens are told", async () => {
    const { view, participant } = await internals();
    answerTo = send;
    await set({ url: "http://one.invalid:8000/v1" });
    await ask("what?", "red.png");
    await lastAnswer();
    const [question, answer] = view.session.chat.messages.slice(-2);
    assert.deepEqual(answer?.model, { name: "first", starter: false, server: "one.invalid:8000" });
    assert.deepEqual(question?.images[0]?.reading, { width: 64, height: 32, visualTokens: null, lines: 1 });
    const progress: string[] = [];
    const stream = { markdown: () => undefined, progress: (value: string) => progress.push(value) };
    const references = [{ id: "image.png", value: workspaceFile("red.png") }];
    await participant(
      { prompt: "", command: undefined, references } as unknown as vscode.ChatRequest,
      { history: [] },
      stream as unknown as vscode.ChatResponseStream,
      new vscode.CancellationTokenSource().token,
    );
    assert.ok(progress.includes("first on one.invalid:8000 answers."), progress.join("|"));
    await set({ url: undefined });
    await ask("and here?");
    assert.equal((await lastAnswer()).server, undefined);
    assert.equal(view.session.chat.messages.at(-1)?.model?.server, undefined);
  });

  it("gets the token that was set for it, and no other server does", async () => {
    answerTo = send;
    const tokenSent = async (): Promise<string | undefined> => {
      await ask("?");
      return (await lastAnswer()).server?.token;
    };
    await set({ url: "http://one.invalid:8000" });
    typed = " secret-1 ";
    await vscode.commands.executeCommand("miniGemini.setServerToken");
    assert.equal(await tokenSent(), "secret-1");
    await set({ url: "http://one.invalid:8001" });
    assert.equal(await tokenSent(), undefined);
    await set({ url: "http://one.invalid:8000/v1" });
    assert.equal(await tokenSent(), "secret-1");
    typed = undefined;
    await vscode.commands.executeCommand("miniGemini.setServerToken");
    assert.equal(await tokenSent(), "secret-1", "closing the box changes nothing");
    typed = "";
    await vscode.commands.executeCommand("miniGemini.setServerToken");
    assert.equal(await tokenSent(), undefined);
  });

  it("with an address that is none, is told as a failure and nothing is asked", async () => {
    const { view } = await internals();
    await set({ url: "not an address" });
    await ask("?");
    const last = view.session.chat.messages.at(-1);
    assert.match(last?.failure?.message ?? "", /not an address cannot be the address of a server/);
    assert.deepEqual(asked, []);
  });

  it("two questions at once go where they were meant to, though the settings change between", async () => {
    const { explainer } = await internals();
    answerTo = send;
    const turns = [{ role: "user" as const, text: "?", images: [] }];
    await set({ url: "http://one.invalid:8000" });
    const first = explainer.ask(turns);
    await set({ url: undefined });
    const second = explainer.ask(turns);
    const told = (await Promise.all([first, second])).map(({ text }) => (JSON.parse(text) as Told).server?.url);
    assert.equal(told[1], undefined);
    assert.equal(told[0], "http://one.invalid:8000");
  });

  it("cannot be chosen by a workspace", async () => {
    for (const [name, value] of Object.entries({ url: "http://x", model: "x", sendImages: false, timeoutSeconds: 9 })) {
      const update = settings().update(name, value, vscode.ConfigurationTarget.Workspace);
      await assert.rejects(Promise.resolve(update), name);
    }
  });
});

import assert from "node:assert/strict";
import { afterEach, describe, it } from "mocha";
import * as vscode from "vscode";
import { internals, read, setModel, type Told, workspaceFile } from "./host";

const none = new vscode.CancellationTokenSource().token;

interface Reply {
  readonly text: string;
  readonly progress: readonly string[];
  readonly result: vscode.ChatResult | undefined;
}

/** Calls the participant as VS Code does. */
async function participant(
  request: Partial<vscode.ChatRequest>,
  history: vscode.ChatContext["history"] = [],
  token = none,
): Promise<Reply> {
  const { participant: answer } = await internals();
  let text = "";
  const progress: string[] = [];
  const stream = {
    markdown: (value: string) => (text += value),
    progress: (value: string) => progress.push(value),
  } as unknown as vscode.ChatResponseStream;
  const asked = { prompt: "", command: undefined, references: [], ...request } as unknown as vscode.ChatRequest;
  const result = (await answer(asked, { history }, stream, token)) ?? undefined;
  return { text, progress, result };
}

const reference = (value: unknown): vscode.ChatPromptReference => ({ id: "image.png", value });

describe("chat participant", () => {
  afterEach(() => setModel(undefined));

  it("answers about an attached image, and says when the starter answers", async () => {
    const { text, progress } = await participant({ references: [reference(workspaceFile("red.png"))] });
    const told = JSON.parse(text) as Told;
    assert.deepEqual([told.question, told.images], ["Explain this image.", ["red.png"]]);
    assert.ok(progress.some((one) => one.startsWith("Starter model")));
  });

  it("knows its commands, and takes pasted pictures", async () => {
    const bytes = await vscode.workspace.fs.readFile(workspaceFile("red.png"));
    const pasted = { mimeType: "image/png", data: () => Promise.resolve(bytes) };
    const { text } = await participant({ command: "mermaid", references: [reference(pasted)] });
    assert.equal((JSON.parse(text) as Told).question, "Convert this diagram to Mermaid.");
  });

  it("asks for an image when there is none", async () => {
    assert.equal((await participant({ prompt: "hello" })).text, "Attach an image file to ask about it.");
  });

  it("gives a failure as a sentence", async () => {
    await setModel("/models/missing");
    const { result } = await participant({ references: [reference(workspaceFile("red.png"))] });
    assert.match(result?.errorDetails?.message ?? "", /There is no folder/);
  });

  it("stops when it is stopped", async () => {
    const source = new vscode.CancellationTokenSource();
    const stopped = participant(
      { prompt: "slow", references: [reference(workspaceFile("red.png"))] },
      [],
      source.token,
    );
    setTimeout(() => {
      source.cancel();
    }, 500);
    const { result } = await stopped;
    assert.equal(result, undefined);
  });
});

describe("tool explain_image", () => {
  const invoke = async (input: object): Promise<string> => {
    const result = await vscode.lm.invokeTool("explain_image", { input, toolInvocationToken: undefined });
    return result.content.map((part) => (part instanceof vscode.LanguageModelTextPart ? part.value : "")).join("");
  };

  it("is registered and explains an image of the workspace", async () => {
    assert.ok(vscode.lm.tools.some(({ name }) => name === "explain_image"));
    const told = JSON.parse(await invoke({ file: "red.png", question: "what colour?" })) as Told;
    assert.deepEqual([told.question, told.images], ["what colour?", ["red.png"]]);
  });

  it("refuses what is no image of the workspace", async () => {
    for (const file of ["../outside.png", "/etc/passwd", "notes.md", "/etc/hostname.png"]) {
      await assert.rejects(invoke({ file }), /There is no file/, file);
    }
  });
});

interface DataPartClass {
  image(data: Uint8Array, mimeType: string): unknown;
}

describe("language model", () => {
  it("answers other extensions, with an image", async function () {
    if (!("registerLanguageModelChatProvider" in vscode.lm)) this.skip();
    const [model] = await vscode.lm.selectChatModels({ vendor: "mini-gemini" });
    assert.ok(model !== undefined, "VS Code lists the model");
    const { LanguageModelDataPart } = vscode as unknown as { LanguageModelDataPart?: DataPartClass };
    const bytes = await vscode.workspace.fs.readFile(workspaceFile("red.png"));
    const parts = [new vscode.LanguageModelTextPart("what is it?"), LanguageModelDataPart?.image(bytes, "image/png")];
    const content = parts.filter((part) => part !== undefined) as vscode.LanguageModelTextPart[];
    const response = await model.sendRequest([vscode.LanguageModelChatMessage.User(content)]);
    let text = "";
    for await (const part of response.text) text += part;
    const told = JSON.parse(text) as Told;
    assert.equal(told.question, "what is it?");
    assert.deepEqual(told.images, LanguageModelDataPart === undefined ? [] : ["image.png"]);
    assert.ok((await model.countTokens("four words of text")) > 0);
  });

  it("the manifest declares it for hosts that have it", async () => {
    assert.match(
      await read(
        vscode.Uri.joinPath(
          vscode.extensions.getExtension("mini-gemini.mini-gemini")?.extensionUri ?? vscode.Uri.file("/"),
          "package.json",
        ),
      ),
      /languageModelChatProviders/,
    );
  });
});

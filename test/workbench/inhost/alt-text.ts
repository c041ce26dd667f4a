import assert from "node:assert/strict";
import { afterEach, describe, it } from "mocha";
import * as vscode from "vscode";
import { internals, messagesOf, until, workspaceFile } from "./host";

async function open(content: string, language: string, name: string): Promise<vscode.TextEditor> {
  const uri = workspaceFile(name);
  await vscode.workspace.fs.writeFile(uri, new TextEncoder().encode(content));
  const document = await vscode.workspace.openTextDocument(uri);
  await vscode.languages.setTextDocumentLanguage(document, language);
  return vscode.window.showTextDocument(document);
}

async function actions(document: vscode.TextDocument, line: number): Promise<vscode.CodeAction[]> {
  const range = new vscode.Range(line, 0, line, 0);
  const found = await vscode.commands.executeCommand<vscode.CodeAction[]>(
    "vscode.executeCodeActionProvider",
    document.uri,
    range,
  );
  return found.filter(({ title }) => title === "Write Alt Text");
}

async function apply(document: vscode.TextDocument, line: number): Promise<void> {
  // The editor may still be opening the document.
  const offered = await until("the code action", async () => (await actions(document, line))[0]?.command);
  const { explainer } = await internals();
  let answered = false;
  explainer.onState(({ activity }) => {
    answered ||= activity.kind === "idle" && explainer.engine.pid !== null;
  });
  const [uri, position] = offered.arguments as unknown[];
  let done = false;
  const running = Promise.resolve(vscode.commands.executeCommand(offered.command, uri, position)).then(
    () => (done = true),
  );
  await until("the answer", () => answered);
  await until("the preview accepted", async () => {
    await vscode.commands.executeCommand("workbench.action.acceptSelectedQuickOpenItem");
    return done;
  });
  await running;
}

describe("Write Alt Text", () => {
  afterEach(async () => {
    await vscode.commands.executeCommand("workbench.action.revertAndCloseActiveEditor");
  });

  const cases = [
    { name: "alt.md", language: "markdown", before: "![](red.png)", after: /^!\[\{"question":.*\]\(red\.png\)$/ },
    {
      name: "alt.html",
      language: "html",
      before: '<img src="red.png">',
      after: /^<img alt="\{?&?.*question.*" src="red\.png">$/,
    },
    {
      name: "alt.jsx",
      language: "javascriptreact",
      before: "const a = <img src={require('./red.png')} />;",
      after: /^const a = <img alt=".*question.*" src=\{require\('\.\/red\.png'\)\} \/>;$/,
    },
  ];
  for (const { name, language, before, after } of cases) {
    it(`in ${language}: offered, previewed, applied, undone`, async () => {
      const { document } = await open(before, language, name);
      await apply(document, 0);
      assert.match(document.getText(), after);
      await vscode.commands.executeCommand("undo");
      assert.equal(document.getText(), before);
    });
  }

  it("is not offered for images with text, remote ones and other lines", async () => {
    const lines = ["![a](red.png)", "![](https://example.org/a.png)", '<img alt="a" src="red.png">', "text"];
    const { document } = await open(lines.join("\n\n"), "markdown", "none.md");
    for (const [index] of lines.entries()) assert.deepEqual(await actions(document, index * 2), []);
  });

  it("writes nothing and says so where the image is missing", async () => {
    const { document } = await open("![](none.png)", "markdown", "missing.md");
    const shown = await messagesOf(() =>
      vscode.commands.executeCommand("miniGemini.writeAltText", document.uri, new vscode.Position(0, 0)),
    );
    assert.equal(shown.length, 1);
    assert.match(shown[0] ?? "", /There is no file none\.png/);
    assert.equal(document.getText(), "![](none.png)");
  });
});

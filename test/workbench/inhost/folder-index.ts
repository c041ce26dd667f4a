import assert from "node:assert/strict";
import { describe, it } from "mocha";
import * as vscode from "vscode";
import { messagesOf, read, workspaceFile } from "./host";

describe("index of a folder", () => {
  it("names every image, escapes what an image says, and overwrites nothing", async () => {
    const folder = workspaceFile("pictures");
    await vscode.commands.executeCommand("miniGemini.describeFolder", folder);
    assert.equal(await read(workspaceFile("pictures/images.md")), "mine\n", "what was there stays");
    const index = await read(workspaceFile("pictures/images-2.md"));
    assert.match(index, /^# Images in pictures\n/);
    assert.match(
      index,
      /## a b\.png\n\n!\[a b\.png\]\(a%20b\.png\)\n\n\\?\{"question":"Describe this image in one short sentence\."/,
    );
    assert.match(index, /## empty\.png\n\n!\[empty\.png\]\(empty\.png\)\n\nempty\.png is empty \(0 bytes\)\./);
    const hostile = index.split("## hostile.png")[1] ?? "";
    assert.match(hostile, /\(hostile\.png\)\n\n!\\\[x\\\]/);
    assert.doesNotMatch(hostile, /https:\/\/|(?<!\\)<b/);
  });

  it("goes to the output folder that is set, its links still right", async () => {
    const settings = vscode.workspace.getConfiguration("miniGemini");
    await settings.update("output.folder", "docs/written", vscode.ConfigurationTarget.Global);
    try {
      await vscode.commands.executeCommand("miniGemini.describeFolder", workspaceFile("pictures"));
      const index = await read(workspaceFile("docs/written/images.md"));
      assert.match(index, /!\[a b\.png\]\(\.\.\/\.\.\/pictures\/a%20b\.png\)/);
    } finally {
      await settings.update("output.folder", undefined, vscode.ConfigurationTarget.Global);
    }
  });

  it("says so when there are none", async () => {
    const shown = await messagesOf(() =>
      vscode.commands.executeCommand("miniGemini.describeFolder", workspaceFile("src")),
    );
    assert.deepEqual(shown, ["There are no images in this folder."]);
  });
});

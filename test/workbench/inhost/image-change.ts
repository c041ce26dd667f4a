import assert from "node:assert/strict";
import { describe, it } from "mocha";
import * as vscode from "vscode";
import { internals, lastAnswer, messagesOf, until, workspaceFile } from "./host";

const explainChange = (name: string): Thenable<unknown> =>
  vscode.commands.executeCommand("miniGemini.explainImageChange", { resourceUri: workspaceFile(name) });

async function repositoryOpen(): Promise<void> {
  interface Git {
    getAPI(version: 1): { readonly repositories: readonly unknown[] };
  }
  const git = await vscode.extensions.getExtension<Git>("vscode.git")?.activate();
  await until("git's repository", () => (git?.getAPI(1).repositories.length ?? 0) > 0);
}

describe("Explain Image Change", () => {
  it("asks about the image in git and the one on disk", async () => {
    await repositoryOpen();
    await explainChange("changed.png");
    assert.deepEqual((await lastAnswer()).images, ["before: changed.png", "after: changed.png"]);
    const { view } = await internals();
    const [before, after] = view.session.chat.messages[0]?.images ?? [];
    assert.ok(before !== undefined && after !== undefined);
    const { chat, store } = view.session;
    const bytes = await Promise.all(
      [before, after].map((image) => vscode.workspace.fs.readFile(store.file(chat.id, image))),
    );
    // PNG's width, at offset 16: 64 pixels when committed, 32 now.
    assert.deepEqual(
      bytes.map((one) => Buffer.from(one).readUInt32BE(16)),
      [64, 32],
    );
  });

  it("says so for an image that git does not have", async () => {
    const shown = await messagesOf(() => explainChange("red.png"));
    assert.deepEqual(shown, ["This image is new: git has no earlier version of it."]);
  });

  it("says so for one that was deleted", async () => {
    const shown = await messagesOf(() => explainChange("deleted.png"));
    assert.deepEqual(shown, ["This image was deleted: there is nothing to compare."]);
  });
});

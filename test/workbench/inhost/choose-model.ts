import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "mocha";
import * as vscode from "vscode";
import { setModel } from "./host";

const settings = (): vscode.WorkspaceConfiguration => vscode.workspace.getConfiguration("miniGemini");
const showQuickPick = vscode.window.showQuickPick;

/** What the list offered last, and the label of what is chosen in it. */
let offered: readonly vscode.QuickPickItem[] = [];
let wanted = "";

const labels = (): string[] => offered.map(({ label }) => label).filter((label) => label !== "");
const marked = (): string[] => offered.filter(({ description }) => description === "chosen").map(({ label }) => label);

describe("choosing a model", () => {
  beforeEach(() => {
    wanted = "";
    const value = async (items: PromiseLike<readonly vscode.QuickPickItem[]>): Promise<unknown> => {
      offered = await items;
      return offered.find(({ label }) => label === wanted);
    };
    Object.defineProperty(vscode.window, "showQuickPick", { value, configurable: true, writable: true });
  });
  afterEach(async () => {
    Object.defineProperty(vscode.window, "showQuickPick", { value: showQuickPick, configurable: true, writable: true });
    await setModel(undefined);
    for (const name of ["engine.server.url", "illustrations.model"]) {
      await settings().update(name, undefined, vscode.ConfigurationTarget.Global);
    }
  });

  it("offers what is here and the ways to more, the chosen one marked", async () => {
    await vscode.commands.executeCommand("miniGemini.chooseModel");
    const ways = ["$(folder-opened) Use a Folder of Mine…", "$(cloud-download) More Models…"];
    assert.deepEqual(labels(), ["Starter model", ...ways]);
    assert.deepEqual(marked(), ["Starter model"]);
  });

  it("shows a folder that the settings name, and the way back to the starter", async () => {
    await setModel("/models/large");
    wanted = "Starter model";
    await vscode.commands.executeCommand("miniGemini.chooseModel");
    assert.deepEqual(marked(), ["large"]);
    assert.equal(settings().get("model.folder"), "");
  });

  it("says first that a server answers, and stops asking it", async () => {
    await settings().update("engine.server.url", "http://one.invalid:8000", vscode.ConfigurationTarget.Global);
    wanted = "$(cloud) Stop Asking one.invalid:8000";
    await vscode.commands.executeCommand("miniGemini.chooseModel");
    assert.equal(labels()[0], wanted);
    assert.equal(settings().get("engine.server.url"), "");
  });

  it("leads back to the embedded illustrator, which no server stands for", async () => {
    await settings().update("engine.server.url", "http://one.invalid:8000", vscode.ConfigurationTarget.Global);
    await settings().update("illustrations.model", "/models/turbo", vscode.ConfigurationTarget.Global);
    wanted = "Embedded illustrator";
    await vscode.commands.executeCommand("miniGemini.chooseIllustrationModel");
    assert.equal(labels()[0], wanted);
    assert.deepEqual(marked(), ["turbo"]);
    assert.equal(settings().get("illustrations.model"), "");
  });
});

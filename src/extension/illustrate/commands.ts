/** The commands of drawing, and what they share for the time the extension is active. */
import * as vscode from "vscode";
import type { Explainer } from "../explainer";
import { showFailure } from "../failure-message";
import { IllustrationPanel } from "./illustration-panel";
import { Illustrator } from "./illustrator";
import { ReferenceTarget } from "./insert-reference";
import { PictureStore } from "./picture-store";
import { longestPrompt } from "../../shared/illustration-protocol";

export interface Illustrations {
  readonly illustrator: Illustrator;
  readonly target: ReferenceTarget;
  readonly registered: vscode.Disposable;
}

export function registerIllustrations(
  context: vscode.ExtensionContext,
  explainer: Explainer,
  log: vscode.LogOutputChannel,
): Illustrations {
  const illustrator = new Illustrator(context, explainer);
  const target = new ReferenceTarget();
  const panel = new IllustrationPanel({ context, illustrator, store: new PictureStore(context), target, log });
  const guarded =
    (run: (first: unknown) => Promise<void>) =>
    async (first: unknown): Promise<void> => {
      try {
        await run(first);
      } catch (thrown) {
        await showFailure(thrown, log);
      }
    };
  const registered = vscode.Disposable.from(
    panel,
    target,
    vscode.commands.registerCommand(
      "miniGemini.generateIllustration",
      guarded(async (first) => {
        panel.open({ prompt: selectedText(), folder: await folderOf(first) });
      }),
    ),
  );
  return { illustrator, target, registered };
}

/** What is selected in the editor with the focus: the words to draw. */
function selectedText(): string {
  const editor = vscode.window.activeTextEditor;
  if (editor === undefined || editor.selection.isEmpty) return "";
  return editor.document.getText(editor.selection).replace(/\s+/g, " ").trim().slice(0, longestPrompt);
}

/** The folder that the command was called for in the explorer; that of a file. */
async function folderOf(value: unknown): Promise<vscode.Uri | undefined> {
  if (!(value instanceof vscode.Uri)) return undefined;
  try {
    const { type } = await vscode.workspace.fs.stat(value);
    return (type & vscode.FileType.Directory) !== 0 ? value : vscode.Uri.joinPath(value, "..");
  } catch {
    // An untitled document has no folder.
    return undefined;
  }
}

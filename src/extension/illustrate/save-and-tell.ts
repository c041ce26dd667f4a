/** Saving as the panel and the chat do it: the picture into the repository, its reference into the document. */
import * as vscode from "vscode";
import type { DrawnPicture, Illustrator } from "./illustrator";
import type { ReferenceTarget } from "./insert-reference";
import { savePicture } from "./save-picture";

export interface SaveOptions {
  /** Folder to begin in; else the one of the document that references go into. */
  readonly near: vscode.Uri | undefined;
  /** Whether the reference is wanted for sure; else it is offered. */
  readonly insert: boolean;
}

/**
 * @returns the file, or undefined where the person thought better of it.
 * @throws FailureError as `savePicture` does.
 */
export async function saveAndTell(
  { illustrator, target }: { readonly illustrator: Illustrator; readonly target: ReferenceTarget },
  picture: DrawnPicture,
  { near, insert }: SaveOptions,
): Promise<vscode.Uri | undefined> {
  const saved = await savePicture(illustrator, picture, near ?? folderOf(target.document));
  if (saved === undefined) return undefined;
  const file = vscode.workspace.asRelativePath(saved.file);
  const refer = async (): Promise<void> => {
    if (await target.insert(saved, picture.recipe.form.prompt)) return;
    void vscode.window.showWarningMessage(vscode.l10n.t("There is no document that can refer to {file}.", { file }));
  };
  if (insert) {
    await refer();
    return saved.file;
  }
  void offer(saved.file, file, target.document === undefined ? undefined : refer);
  return saved.file;
}

async function offer(uri: vscode.Uri, file: string, refer: (() => Promise<void>) | undefined): Promise<void> {
  const insert = vscode.l10n.t("Insert Reference");
  const open = vscode.l10n.t("Open");
  const actions = refer === undefined ? [open] : [insert, open];
  const chosen = await vscode.window.showInformationMessage(vscode.l10n.t("Saved as {0}", file), ...actions);
  if (chosen === insert) await refer?.();
  if (chosen === open) await vscode.commands.executeCommand("vscode.open", uri);
}

/** Beside the document, in its folder of pictures where it has one. */
function folderOf(document: vscode.TextDocument | undefined): vscode.Uri | undefined {
  if (document === undefined || document.isUntitled) return undefined;
  return vscode.Uri.joinPath(document.uri, "..");
}

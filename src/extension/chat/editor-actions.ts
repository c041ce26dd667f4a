/** What the view does in editors. */
import * as vscode from "vscode";

/** Puts a text where the cursor is, in place of what is selected; into a new file when no editor is open. */
export async function insertAtCursor(text: string): Promise<void> {
  const editor = vscode.window.activeTextEditor ?? vscode.window.visibleTextEditors[0];
  if (editor === undefined) return newFile(text, "markdown");
  const done = await editor.edit((edit) => {
    edit.replace(editor.selection, text);
  });
  if (!done) void vscode.window.showWarningMessage(vscode.l10n.t("This editor cannot be written to."));
}

export async function newFile(content: string, language: string): Promise<void> {
  const known = await vscode.languages.getLanguages();
  const options = known.includes(language) ? { content, language } : { content };
  await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(options));
}

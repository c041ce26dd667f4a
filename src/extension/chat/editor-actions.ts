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

/** VS Code's names for languages that Markdown calls otherwise. */
const languageNames: Readonly<Record<string, string>> = {
  bash: "shellscript",
  "c++": "cpp",
  "c#": "csharp",
  cs: "csharp",
  console: "shellscript",
  docker: "dockerfile",
  golang: "go",
  htm: "html",
  js: "javascript",
  jsx: "javascriptreact",
  md: "markdown",
  ps1: "powershell",
  py: "python",
  rb: "ruby",
  rs: "rust",
  sh: "shellscript",
  shell: "shellscript",
  svg: "xml",
  text: "plaintext",
  ts: "typescript",
  tsx: "typescriptreact",
  txt: "plaintext",
  yml: "yaml",
  zsh: "shellscript",
};

/** @param language As a Markdown code block names it; unknown ones make a plain text file. */
export async function newFile(content: string, language: string): Promise<void> {
  const known = await vscode.languages.getLanguages();
  const name = languageNames[language.toLowerCase()] ?? language.toLowerCase();
  const options = known.includes(name) ? { content, language: name } : { content };
  await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(options));
}

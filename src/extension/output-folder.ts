/** Where files go that this extension writes: beside what they are about, or where the person keeps such files. */
import * as vscode from "vscode";

/**
 * The folder of the setting, in the workspace folder of `beside`; `beside` itself where none is set, where it lies
 * outside the workspace, or where the setting would lead out of it.
 */
export function outputFolder(beside: vscode.Uri | undefined): vscode.Uri | undefined {
  const workspace = beside === undefined ? undefined : vscode.workspace.getWorkspaceFolder(beside);
  const home = workspace ?? (beside === undefined ? vscode.workspace.workspaceFolders?.[0] : undefined);
  const fallback = beside ?? home?.uri;
  if (home === undefined) return fallback;
  const set = vscode.workspace.getConfiguration("miniGemini", home.uri).get<string>("output.folder", "").trim();
  const names = set.split(/[\\/]/).filter((name) => name !== "" && name !== ".");
  if (names.length === 0 || names.includes("..") || /^[a-z]:/i.test(set)) return fallback;
  return vscode.Uri.joinPath(home.uri, ...names);
}

/** Address of a file relative to a folder, for Markdown; both in one workspace. */
export function relativeAddress(folder: vscode.Uri, file: vscode.Uri): string {
  const from = folder.path.split("/");
  const to = file.path.split("/");
  const differs = from.findIndex((name, index) => name !== to[index]);
  const common = differs === -1 ? from.length : differs;
  const up = from.slice(common).map(() => "..");
  return [...up, ...to.slice(common).map(encodeURIComponent)].join("/");
}

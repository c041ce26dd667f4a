/** Links of answers. An answer can repeat what stood in an image, so its links are untrusted. */
import * as vscode from "vscode";

/** Opens a place in the workspace (`src/a.ts:12`), or, after asking with the real target, a web address. */
export async function openLink(target: string): Promise<void> {
  if (/^https?:\/\//i.test(target)) {
    const open = vscode.l10n.t("Open Link");
    const chosen = await vscode.window.showWarningMessage(
      vscode.l10n.t("Open this address in the browser?"),
      { modal: true, detail: target.slice(0, 2_000) },
      open,
    );
    if (chosen === open) await vscode.env.openExternal(vscode.Uri.parse(target, true));
    return;
  }
  const place = /^([^:?#]+?)(?::(\d+))?(?::\d+)?$/.exec(target);
  const name = place?.[1]?.replaceAll("\\", "/");
  if (name === undefined || name.split("/").includes("..") || name.startsWith("/")) return;
  for (const { uri } of vscode.workspace.workspaceFolders ?? []) {
    const file = vscode.Uri.joinPath(uri, name);
    const found = await vscode.workspace.fs.stat(file).then(
      () => true,
      () => false,
    );
    if (!found) continue;
    const line = Math.max(0, Number(place?.[2] ?? 1) - 1);
    await vscode.window.showTextDocument(file, { selection: new vscode.Range(line, 0, line, 0) });
    return;
  }
}

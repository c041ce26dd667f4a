/** Chooses who answers: the starter, or a checkpoint folder on this machine. */
import * as vscode from "vscode";
import type { Explainer } from "../explainer";

export async function chooseModel(explainer: Explainer): Promise<void> {
  const settings = vscode.workspace.getConfiguration("miniGemini");
  const current = settings.get<string>("model.folder", "");
  const starter = { label: vscode.l10n.t("Starter model"), detail: vscode.l10n.t("Comes with the extension; small.") };
  const folder = {
    label: vscode.l10n.t("$(folder-opened) Checkpoint folder…"),
    detail: vscode.l10n.t("A published MGM (Mini-Gemini) checkpoint on this machine."),
    ...(current === "" ? {} : { description: current }),
  };
  const more = {
    label: vscode.l10n.t("$(cloud-download) More Models…"),
    detail: vscode.l10n.t("Better models to download, and those that are here already."),
  };
  const chosen = await vscode.window.showQuickPick([starter, folder, more], { title: vscode.l10n.t("Choose a Model") });
  if (chosen === undefined) return;
  if (chosen === more) {
    await vscode.commands.executeCommand("miniGemini.models.focus");
    return;
  }
  let value: string | undefined;
  if (chosen === folder) {
    const [picked] = (await vscode.window.showOpenDialog({ canSelectFolders: true, canSelectFiles: false })) ?? [];
    if (picked === undefined) return;
    value = picked.fsPath;
  }
  explainer.engine.forgive();
  await settings.update("model.folder", value, vscode.ConfigurationTarget.Global);
}

/** Models brought from elsewhere: a folder or an archive is copied into the library. */
import * as vscode from "vscode";
import { cancelSignal } from "../cancel-signal";
import { bytesText } from "./model-texts";
import type { Models } from "./models";

/** @throws FailureError of the archive and its models. */
export async function installModels(models: Models): Promise<void> {
  const archive = {
    label: vscode.l10n.t("$(file-zip) Archive…"),
    detail: vscode.l10n.t("A .zip, .tar or .tar.gz file of model folders."),
  };
  const folder = {
    label: vscode.l10n.t("$(folder-opened) Folder…"),
    detail: vscode.l10n.t("A model's folder, or one that holds several; it is copied."),
  };
  const title = vscode.l10n.t("Install Models From");
  const chosen = await vscode.window.showQuickPick([archive, folder], { title });
  if (chosen === undefined) return;
  const [source] =
    (await vscode.window.showOpenDialog({
      title,
      canSelectFiles: chosen === archive,
      canSelectFolders: chosen === folder,
      openLabel: vscode.l10n.t("Install"),
      ...(chosen === archive ? { filters: { [vscode.l10n.t("Archives")]: ["zip", "tar", "tgz", "gz"] } } : {}),
    })) ?? [];
  if (source === undefined) return;
  const options = {
    location: vscode.ProgressLocation.Notification,
    title: vscode.l10n.t("Installing models"),
    cancellable: true,
  };
  const installed = await vscode.window.withProgress(options, (progress, token) =>
    models.install(
      source.fsPath,
      ({ done }) => {
        progress.report({ message: bytesText(done) });
      },
      cancelSignal(token),
    ),
  );
  const names = installed.map(({ folder: place }) => place.split(/[\\/]/).at(-1) ?? place).join(", ");
  void vscode.window.showInformationMessage(vscode.l10n.t("Installed: {names}", { names }));
}

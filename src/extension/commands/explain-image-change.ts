/** What has changed between an image in git and the one on disk. */
import * as vscode from "vscode";
import type { ChatView } from "../chat/chat-view";
import { exists, isImage, nameOf, readImage } from "../images";
import { argumentUris, pickImage } from "../pick-images";

/** The part of the git extension's interface (version 1) that is used. */
interface GitRepository {
  readonly state: {
    readonly workingTreeChanges: readonly GitChange[];
    readonly indexChanges: readonly GitChange[];
  };
  buffer(reference: string, path: string): Promise<Uint8Array>;
}
interface GitChange {
  readonly uri: vscode.Uri;
}
interface GitInterface {
  readonly repositories: readonly GitRepository[];
  getRepository(uri: vscode.Uri): GitRepository | null;
}
interface GitExtension {
  getAPI(version: 1): GitInterface;
}

export async function explainImageChange(args: readonly unknown[], view: ChatView): Promise<void> {
  const git = (await vscode.extensions.getExtension<GitExtension>("vscode.git")?.activate())?.getAPI(1);
  const image = argumentUris(args).find(isImage) ?? (await pickChangedImage(git));
  if (image === undefined) return;
  const repository = git?.getRepository(image);
  if (repository === undefined || repository === null) {
    void vscode.window.showInformationMessage(vscode.l10n.t("This image is not in a git repository."));
    return;
  }
  if (!(await exists(image))) {
    void vscode.window.showInformationMessage(vscode.l10n.t("This image was deleted: there is nothing to compare."));
    return;
  }
  let before: Uint8Array;
  try {
    before = await repository.buffer("HEAD", image.fsPath);
  } catch {
    void vscode.window.showInformationMessage(vscode.l10n.t("This image is new: git has no earlier version of it."));
    return;
  }
  const after = await readImage(image);
  const name = nameOf(image);
  await view.startNewChat();
  await view.session.attach(vscode.l10n.t("before: {name}", { name }), before);
  await view.session.attach(vscode.l10n.t("after: {name}", { name }), after);
  await view.session.askTask("change");
}

async function pickChangedImage(git: GitInterface | undefined): Promise<vscode.Uri | undefined> {
  const changes = (git?.repositories ?? []).flatMap(({ state }) => [
    ...state.workingTreeChanges,
    ...state.indexChanges,
  ]);
  const images = new Map(changes.filter(({ uri }) => isImage(uri)).map(({ uri }) => [uri.toString(), uri]));
  if (images.size === 0) {
    void vscode.window.showInformationMessage(vscode.l10n.t("No image has changed since the last commit."));
    return undefined;
  }
  const chosen = await pickImage([...images.values()]);
  return chosen === "other" ? undefined : chosen;
}

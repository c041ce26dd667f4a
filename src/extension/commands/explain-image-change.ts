/** What has changed between an image in git and the one on disk. */
import * as vscode from "vscode";
import type { ChatView } from "../chat/chat-view";
import { commandImages, nameOf, readImage } from "../images";
import { newChat } from "../chat/chat-store";

interface GitRepository {
  readonly rootUri: vscode.Uri;
  buffer(ref: string, path: string): Promise<Uint8Array>;
}
interface GitExtension {
  getAPI(version: 1): { readonly getRepository: (uri: vscode.Uri) => GitRepository | null };
}

export async function explainImageChange(first: unknown, view: ChatView): Promise<void> {
  const [image] = await commandImages(first, undefined);
  if (image === undefined) return;
  const git = await vscode.extensions.getExtension<GitExtension>("vscode.git")?.activate();
  const repository = git?.getAPI(1).getRepository(image);
  if (repository === undefined || repository === null) {
    void vscode.window.showInformationMessage(vscode.l10n.t("This image is not in a git repository."));
    return;
  }
  let before: Uint8Array;
  try {
    before = await repository.buffer("HEAD", image.fsPath);
  } catch {
    void vscode.window.showInformationMessage(vscode.l10n.t("This image is new: git has no earlier version of it."));
    return;
  }
  await view.reveal();
  await view.session.open(newChat());
  await view.session.attach(vscode.l10n.t("before: {name}", { name: nameOf(image) }) + extensionOf(image), before);
  await view.session.attach(vscode.l10n.t("after: {name}", { name: nameOf(image) }), await readImage(image));
  await view.session.ask(vscode.l10n.t("The first image is before, the second after. What has changed?"));
}

const extensionOf = (image: vscode.Uri): string => (nameOf(image).includes(".") ? "" : ".png");

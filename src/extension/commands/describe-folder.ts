/** A Markdown index of the images of a folder. */
import * as vscode from "vscode";
import { type Failure, failureOf, FailureError } from "../../shared/failure";
import { ownWords } from "../../shared/quotes";
import { escapeMarkdown } from "../../shared/escape-markdown";
import type { Explainer } from "../explainer";
import { failureMessage } from "../failure-message";
import { exists, imageGlob, imageSource, nameOf } from "../images";
import { outputFolder, relativeAddress } from "../output-folder";
import { argumentUris } from "../pick-images";
import { cancelSignal } from "../cancel-signal";
import { taskTurns } from "../tasks";

const mostImages = 200;
const mostNames = 1000;

export async function describeFolder(args: readonly unknown[], explainer: Explainer): Promise<void> {
  const folder = argumentUris(args)[0] ?? (await chooseFolder());
  if (folder === undefined) return;
  const found = new vscode.RelativePattern(folder, imageGlob);
  const all = await vscode.workspace.findFiles(found, "**/node_modules/**", mostImages + 1);
  const images = all.slice(0, mostImages);
  if (images.length === 0) {
    void vscode.window.showInformationMessage(vscode.l10n.t("There are no images in this folder."));
    return;
  }
  const target = outputFolder(folder) ?? folder;
  images.sort((a, b) => a.path.localeCompare(b.path));
  const title = vscode.l10n.t("Describing images");
  const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
  const entries = await vscode.window.withProgress(options, async (progress, token) => {
    const signal = cancelSignal(token);
    const done: string[] = [];
    for (const [index, image] of images.entries()) {
      if (signal.aborted) break;
      const facts = { number: index + 1, total: images.length, name: nameOf(image) };
      progress.report({ message: vscode.l10n.t("{number} of {total}: {name}", facts), increment: 100 / images.length });
      const path = image.path.slice(folder.path.length + 1);
      const text = await describe(image, explainer, signal);
      if (text === undefined) break;
      const name = escapeMarkdown(nameOf(image));
      done.push(
        `## ${escapeMarkdown(path)}\n\n![${name}](${relativeAddress(target, image)})\n\n${escapeMarkdown(text)}`,
      );
    }
    return done;
  });
  // What was described before a stop is kept.
  if (entries.length === 0) return;
  const heading = vscode.l10n.t("Images in {folder}", { folder: escapeMarkdown(nameOf(folder)) });
  await vscode.window.showTextDocument(await createIndex(target, `# ${heading}\n\n${entries.join("\n\n")}\n`));
  if (all.length <= mostImages) return;
  const limit = vscode.l10n.t("The folder has more images: {count} of them are in the index.", { count: mostImages });
  void vscode.window.showInformationMessage(limit);
}

/** One sentence about an image, or undefined when it was stopped. */
async function describe(image: vscode.Uri, explainer: Explainer, signal: AbortSignal): Promise<string | undefined> {
  try {
    const { text } = await explainer.ask(taskTurns("one-sentence", await imageSource(image)), { signal });
    return ownWords(text);
  } catch (thrown) {
    const failure = failureOf(thrown);
    if (failure.code === "cancelled") return undefined;
    // One bad image must not cost the index of the others: it is named in its place.
    if (concernsImage(failure)) return failureMessage(failure).message;
    throw thrown;
  }
}

const concernsImage = ({ code }: Failure): boolean => code.startsWith("image-") || code.startsWith("file-");

/** Writes `images.md`, or `images-2.md` and so on: never over a file that is there. @throws FailureError `write-failed` */
async function createIndex(folder: vscode.Uri, content: string): Promise<vscode.Uri> {
  for (let number = 1; number <= mostNames; number++) {
    const file = vscode.Uri.joinPath(folder, number === 1 ? "images.md" : `images-${number}.md`);
    if (await exists(file)) continue;
    const edit = new vscode.WorkspaceEdit();
    edit.createFile(file, { contents: new TextEncoder().encode(content), overwrite: false });
    if (await vscode.workspace.applyEdit(edit)) return file;
    break;
  }
  const file = vscode.workspace.asRelativePath(vscode.Uri.joinPath(folder, "images.md"));
  throw new FailureError({ code: "write-failed", file, reason: vscode.l10n.t("the folder takes no new file") });
}

async function chooseFolder(): Promise<vscode.Uri | undefined> {
  const defaultUri = vscode.workspace.workspaceFolders?.[0]?.uri;
  const options = { canSelectFolders: true, canSelectFiles: false };
  return (await vscode.window.showOpenDialog(defaultUri === undefined ? options : { ...options, defaultUri }))?.[0];
}

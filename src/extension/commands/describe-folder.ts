/** A Markdown index of the images of a folder. */
import * as vscode from "vscode";
import { failureOf } from "../../shared/failure";
import type { Explainer } from "../explainer";
import { failureMessage } from "../failure-message";
import { imagesBelow, nameOf, readImage } from "../images";

const mostImages = 200;

export async function describeFolder(first: unknown, explainer: Explainer): Promise<void> {
  const folder = first instanceof vscode.Uri ? first : await chooseFolder();
  if (folder === undefined) return;
  const images = await imagesBelow(folder, mostImages);
  if (images.length === 0) {
    void vscode.window.showInformationMessage(vscode.l10n.t("There are no images in this folder."));
    return;
  }
  const title = vscode.l10n.t("Describing images");
  const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
  const entries = await vscode.window.withProgress(options, async (progress, token) => {
    const stop = new AbortController();
    token.onCancellationRequested(() => {
      stop.abort();
    });
    const done: string[] = [];
    for (const image of images) {
      if (stop.signal.aborted) break;
      progress.report({ message: nameOf(image), increment: 100 / images.length });
      const path = image.path.slice(folder.path.length + 1);
      const address = path.split("/").map(encodeURIComponent).join("/");
      done.push(`## ${path}\n\n![](${address})\n\n${await describe(image, explainer, stop.signal)}`);
    }
    return done;
  });
  const content = `# ${vscode.l10n.t("Images in {folder}", { folder: nameOf(folder) })}\n\n${entries.join("\n\n")}\n`;
  await vscode.window.showTextDocument(await createBeside(folder, content));
}

async function describe(image: vscode.Uri, explainer: Explainer, signal: AbortSignal): Promise<string> {
  try {
    const data = { kind: "bytes", bytes: await readImage(image) } as const;
    const text = vscode.l10n.t("Describe this image in one sentence.");
    const { text: answer } = await explainer.ask([{ role: "user", text, images: [{ name: nameOf(image), data }] }], {
      signal,
    });
    return answer.trim();
  } catch (thrown) {
    // One bad image must not cost the index of the others: it is named in its place.
    return failureMessage(failureOf(thrown)).message;
  }
}

/** Writes `images.md`, or `images-2.md` and so on: never over a file that is there. */
async function createBeside(folder: vscode.Uri, content: string): Promise<vscode.Uri> {
  for (let number = 1; ; number++) {
    const file = vscode.Uri.joinPath(folder, number === 1 ? "images.md" : `images-${number}.md`);
    const edit = new vscode.WorkspaceEdit();
    edit.createFile(file, { contents: new TextEncoder().encode(content), overwrite: false });
    const free = await vscode.workspace.fs.stat(file).then(
      () => false,
      () => true,
    );
    if (free && (await vscode.workspace.applyEdit(edit))) return file;
    if (number > 100) throw new Error("no free file name");
  }
}

async function chooseFolder(): Promise<vscode.Uri | undefined> {
  const defaultUri = vscode.workspace.workspaceFolders?.[0]?.uri;
  const options = { canSelectFolders: true, canSelectFiles: false };
  return (await vscode.window.showOpenDialog(defaultUri === undefined ? options : { ...options, defaultUri }))?.[0];
}

/** A code action that writes alternative text for images without one, shown as a preview before it is applied. */
import * as vscode from "vscode";
import { ownWords } from "../../shared/quotes";
import { cancelSignal } from "../cancel-signal";
import type { Explainer } from "../explainer";
import { showFailure } from "../failure-message";
import { imageSource, nameOf } from "../images";
import { taskTurns } from "../tasks";
import { type BareImage, findBareImages } from "./bare-image";

const languages = ["markdown", "html", "javascriptreact", "typescriptreact", "vue", "svelte"];
const command = "miniGemini.writeAltText";

export function registerAltText(explainer: Explainer, log: vscode.LogOutputChannel): vscode.Disposable {
  const provider: vscode.CodeActionProvider = {
    provideCodeActions(document, range) {
      const image = imageAt(document, range);
      if (image === undefined) return [];
      const title = vscode.l10n.t("Write Alt Text");
      const action = new vscode.CodeAction(title, vscode.CodeActionKind.QuickFix);
      action.command = { command, title, arguments: [document.uri, document.positionAt(image.start)] };
      return [action];
    },
  };
  const kinds = { providedCodeActionKinds: [vscode.CodeActionKind.QuickFix] };
  return vscode.Disposable.from(
    vscode.languages.registerCodeActionsProvider(languages, provider, kinds),
    vscode.commands.registerCommand(command, async (uri: unknown, position: unknown) => {
      try {
        await writeAltText(explainer, uri, position);
      } catch (thrown) {
        await showFailure(thrown, log);
      }
    }),
  );
}

/** The bare image that a range touches, or the only one on its line. */
function imageAt(document: vscode.TextDocument, range: vscode.Range): BareImage | undefined {
  const start = document.offsetAt(range.start);
  const end = document.offsetAt(range.end);
  const images = findBareImages(document.getText());
  const touched = images.find((image) => image.start <= end && image.end >= start);
  if (touched !== undefined) return touched;
  const onLine = images.filter((image) => document.positionAt(image.start).line === range.start.line);
  return onLine.length === 1 ? onLine[0] : undefined;
}

async function writeAltText(explainer: Explainer, uri: unknown, position: unknown): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  const document = uri instanceof vscode.Uri ? await vscode.workspace.openTextDocument(uri) : editor?.document;
  const at = position instanceof vscode.Position ? position : editor?.selection.active;
  const image = document === undefined || at === undefined ? undefined : imageAt(document, new vscode.Range(at, at));
  if (document === undefined || image === undefined) {
    void vscode.window.showInformationMessage(vscode.l10n.t("There is no local image without alt text here."));
    return;
  }
  const file = resolve(document, image.source);
  const name = nameOf(file);
  const options = {
    location: vscode.ProgressLocation.Notification,
    title: vscode.l10n.t("Writing alt text"),
    cancellable: true,
  };
  const answer = await vscode.window.withProgress(options, async (_progress, token) =>
    explainer.ask(taskTurns("alt-text", await imageSource(file)), { signal: cancelSignal(token) }),
  );
  const proposed = await preview(name, ownWords(answer.text).replace(/\s+/g, " "), image);
  if (proposed === undefined) return;
  // The document may have changed meanwhile: the same image is looked for anew, nearest to where it was.
  const [found] = findBareImages(document.getText())
    .filter(({ source }) => source === image.source)
    .sort((a, b) => Math.abs(a.start - image.start) - Math.abs(b.start - image.start));
  if (found === undefined) {
    void vscode.window.showInformationMessage(vscode.l10n.t("The file has changed meanwhile; nothing was written."));
    return;
  }
  const edit = new vscode.WorkspaceEdit();
  const range = new vscode.Range(document.positionAt(found.start), document.positionAt(found.end));
  edit.replace(document.uri, range, found.replacement(proposed));
  if (await vscode.workspace.applyEdit(edit)) return;
  void vscode.window.showWarningMessage(vscode.l10n.t("This editor cannot be written to."));
}

function resolve(document: vscode.TextDocument, source: string): vscode.Uri {
  const path = decoded(source.replace(/[?#].*$/, ""));
  const root = path.startsWith("/") ? vscode.workspace.getWorkspaceFolder(document.uri)?.uri : undefined;
  return vscode.Uri.joinPath(root ?? vscode.Uri.joinPath(document.uri, ".."), path);
}

function decoded(address: string): string {
  try {
    return decodeURIComponent(address);
  } catch {
    // A name with a percent sign of its own.
    return address;
  }
}

/** Lets the person read and change the text; below it stands what will be written. Undefined when they decline. */
async function preview(name: string, text: string, image: BareImage): Promise<string | undefined> {
  const input = vscode.window.createInputBox();
  const show = (): void => {
    input.prompt = vscode.l10n.t("Enter writes: {markup}", { markup: image.replacement(input.value) });
  };
  input.title = vscode.l10n.t("Alt text for {name}", { name });
  input.value = text;
  input.ignoreFocusOut = true;
  show();
  input.onDidChangeValue(show);
  try {
    return await new Promise((done) => {
      input.onDidAccept(() => {
        done(input.value);
      });
      input.onDidHide(() => {
        done(undefined);
      });
      input.show();
    });
  } finally {
    input.dispose();
  }
}

/** A code action that writes alternative text for images without one, shown as a preview before it is applied. */
import * as vscode from "vscode";
import type { Explainer } from "../explainer";
import { showFailure } from "../failure-message";
import { nameOf, readImage } from "../images";
import { findBareImage } from "./bare-image";

const languages = ["markdown", "html", "javascriptreact", "typescriptreact", "vue", "svelte"];
const command = "miniGemini.writeAltText";

export function registerAltText(explainer: Explainer, log: vscode.LogOutputChannel): vscode.Disposable {
  const provider: vscode.CodeActionProvider = {
    provideCodeActions(document, range) {
      const found = findBareImage(document.lineAt(range.start.line).text, range.start.character);
      if (found === undefined) return [];
      const title = vscode.l10n.t("Write Alt Text");
      const action = new vscode.CodeAction(title, vscode.CodeActionKind.QuickFix);
      action.command = { command, title, arguments: [document.uri, range.start] };
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

async function writeAltText(explainer: Explainer, uri: unknown, position: unknown): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  const document = uri instanceof vscode.Uri ? await vscode.workspace.openTextDocument(uri) : editor?.document;
  const at = position instanceof vscode.Position ? position : editor?.selection.active;
  if (document === undefined || at === undefined) return;
  const found = findBareImage(document.lineAt(at.line).text, at.character);
  if (found === undefined || /^[a-z][a-z+.-]+:/i.test(found.source)) {
    void vscode.window.showInformationMessage(vscode.l10n.t("There is no local image without alt text here."));
    return;
  }
  const path = decodeURIComponent(found.source.replace(/[?#].*$/, ""));
  const root = path.startsWith("/") ? vscode.workspace.getWorkspaceFolder(document.uri)?.uri : undefined;
  const image = vscode.Uri.joinPath(root ?? vscode.Uri.joinPath(document.uri, ".."), path);
  const title = vscode.l10n.t("Writing alt text");
  const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
  const { version } = document;
  const answer = await vscode.window.withProgress(options, async (_progress, token) => {
    const stop = new AbortController();
    token.onCancellationRequested(() => {
      stop.abort();
    });
    const text = vscode.l10n.t("Describe this image in one short sentence, as alternative text.");
    const data = { kind: "bytes", bytes: await readImage(image) } as const;
    return explainer.ask([{ role: "user", text, images: [{ name: nameOf(image), data }] }], { signal: stop.signal });
  });
  if (document.version !== version) {
    void vscode.window.showInformationMessage(vscode.l10n.t("The file has changed meanwhile; nothing was written."));
    return;
  }
  const proposed = await vscode.window.showInputBox({
    title: vscode.l10n.t("Alt text for {name}", { name: nameOf(image) }),
    value: answer.text.replace(/\s+/g, " ").trim(),
    ignoreFocusOut: true,
  });
  if (proposed === undefined) return;
  const edit = new vscode.WorkspaceEdit();
  const range = new vscode.Range(at.line, found.start, at.line, found.end);
  edit.replace(document.uri, range, found.replacement(proposed));
  await vscode.workspace.applyEdit(edit);
}

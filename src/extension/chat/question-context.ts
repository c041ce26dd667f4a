/** What a person may add to a question by choice: the selection, the open file, its problems. */
import * as vscode from "vscode";
import type { ContextKind } from "../../shared/view-protocol";
import type { StoredContext } from "./chat-store";

/** Characters of each. */
const longest = 8_000;

interface ContextItem extends vscode.QuickPickItem {
  readonly context: StoredContext;
}

/** Offers what there is. Empty when nothing was chosen or there is nothing. */
export async function pickContexts(): Promise<readonly StoredContext[]> {
  const contexts = currentContexts();
  if (contexts.length === 0) {
    void vscode.window.showInformationMessage(vscode.l10n.t("There is nothing to add: open a file first."));
    return [];
  }
  const items = contexts.map((context): ContextItem => {
    return { label: kindText(context.kind), description: context.label, context };
  });
  const title = vscode.l10n.t("Add to the Question");
  const chosen = await vscode.window.showQuickPick(items, { title, canPickMany: true, matchOnDescription: true });
  return (chosen ?? []).map(({ context }) => context);
}

function currentContexts(): readonly StoredContext[] {
  const editor = vscode.window.activeTextEditor ?? vscode.window.visibleTextEditors[0];
  if (editor === undefined) return [];
  const { document, selection } = editor;
  const name = vscode.workspace.asRelativePath(document.uri);
  const context = (kind: ContextKind, label: string, text: string): StoredContext => ({
    id: crypto.randomUUID(),
    kind,
    label,
    text,
  });
  const quoted = (label: string, text: string): string => `${label}:\n${fenced(text, document.languageId)}`;
  const found: StoredContext[] = [];
  if (!selection.isEmpty) {
    const label = `${name}:${selection.start.line + 1}-${selection.end.line + 1}`;
    const text = document.getText(selection);
    found.push(context("selection", cutLabel(label, text), quoted(label, text)));
  }
  const text = document.getText();
  found.push(context("file", cutLabel(name, text), quoted(name, text)));
  const problems = vscode.languages.getDiagnostics(document.uri);
  if (problems.length > 0) {
    const lines = problems.map(({ range, message }) => `${name}:${range.start.line + 1}: ${message}`);
    const label = vscode.l10n.t("{count} in {name}", { count: problems.length, name });
    found.push(context("diagnostics", label, fenced(lines.join("\n"), "")));
  }
  return found;
}

/** Says so where only the beginning goes with the question. */
const cutLabel = (label: string, { length }: string): string =>
  length <= longest ? label : vscode.l10n.t("{label} (its first {count} characters)", { label, count: longest });

/** A code block that its own text cannot end. */
function fenced(text: string, language: string): string {
  const cut = text.slice(0, longest);
  const ticks = [...cut.matchAll(/`{3,}/g)].reduce((most, [run]) => Math.max(most, run.length + 1), 3);
  const fence = "`".repeat(ticks);
  return `${fence}${language}\n${cut}\n${fence}`;
}

function kindText(kind: ContextKind): string {
  switch (kind) {
    case "selection":
      return vscode.l10n.t("Selection");
    case "file":
      return vscode.l10n.t("Open File");
    case "diagnostics":
      return vscode.l10n.t("Problems");
  }
}

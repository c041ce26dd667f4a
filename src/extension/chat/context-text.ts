/** What a person may add to a question by choice. */
import * as vscode from "vscode";
import type { ContextKind } from "../../shared/view-protocol";

const longest = 8_000;

/** The text to add, quoted, or undefined when there is nothing of that kind. */
export function contextText(kind: ContextKind): string | undefined {
  const editor = vscode.window.activeTextEditor ?? vscode.window.visibleTextEditors[0];
  if (editor === undefined) return undefined;
  const { document, selection } = editor;
  const name = vscode.workspace.asRelativePath(document.uri);
  const quoted = (text: string): string =>
    `${name}:\n\`\`\`${document.languageId}\n${text.slice(0, longest)}\n\`\`\`\n`;
  switch (kind) {
    case "selection":
      return selection.isEmpty ? undefined : quoted(document.getText(selection));
    case "file":
      return quoted(document.getText());
    case "diagnostics": {
      const found = vscode.languages.getDiagnostics(document.uri);
      const lines = found.map(({ range, message }) => `${name}:${range.start.line + 1}: ${message}`);
      return lines.length === 0 ? undefined : `${lines.join("\n").slice(0, longest)}\n`;
    }
  }
}

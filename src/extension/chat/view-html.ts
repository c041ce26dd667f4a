/** The page of the chat view: strict content security policy, one module script, texts in VS Code's language. */
import * as vscode from "vscode";

/** Every text of the view, by the name the view uses. */
const texts = (): Record<string, string> => ({
  placeholder: vscode.l10n.t("Ask about an image…"),
  send: vscode.l10n.t("Send"),
  stop: vscode.l10n.t("Stop"),
  retry: vscode.l10n.t("Try Again"),
  edit: vscode.l10n.t("Edit and Resend"),
  cancel: vscode.l10n.t("Cancel"),
  copy: vscode.l10n.t("Copy"),
  insert: vscode.l10n.t("Insert at Cursor"),
  newFile: vscode.l10n.t("New File"),
  attach: vscode.l10n.t("Attach Image…"),
  attachCurrent: vscode.l10n.t("Attach Image of the Current Editor"),
  context: vscode.l10n.t("Add Context"),
  selection: vscode.l10n.t("Selection"),
  file: vscode.l10n.t("Open File"),
  diagnostics: vscode.l10n.t("Problems"),
  remove: vscode.l10n.t("Remove"),
  zoom: vscode.l10n.t("Enlarge {0}"),
  crop: vscode.l10n.t("Drag over the part to explain"),
  usePart: vscode.l10n.t("Explain Just This Part"),
  close: vscode.l10n.t("Close"),
  read: vscode.l10n.t("read {0} lines of text, {1} visual tokens"),
  readText: vscode.l10n.t("read {0} lines of text"),
  part: vscode.l10n.t("part of {0}"),
  emptyTitle: vscode.l10n.t("Explain any image"),
  emptyText: vscode.l10n.t(
    "Paste a screenshot, drop an image here, or right-click one in the explorer. Everything runs on this machine.",
  ),
  starter: vscode.l10n.t("Starter model: small, and often wrong."),
  betterModel: vscode.l10n.t("Choose a Better Model"),
  stopped: vscode.l10n.t("Stopped."),
  history: vscode.l10n.t("Chats"),
  search: vscode.l10n.t("Search chats"),
  rename: vscode.l10n.t("Rename"),
  delete: vscode.l10n.t("Delete"),
  export: vscode.l10n.t("Export as Markdown"),
  newChat: vscode.l10n.t("New Chat"),
  showLog: vscode.l10n.t("Show Log"),
  diagramText: vscode.l10n.t("Show as Text"),
  diagramPicture: vscode.l10n.t("Show as Diagram"),
  you: vscode.l10n.t("You"),
  answer: vscode.l10n.t("Answer"),
});

export function viewHtml(webview: vscode.Webview, extension: vscode.Uri): string {
  const nonce = crypto.randomUUID().replaceAll("-", "");
  const asset = (name: string): string =>
    webview.asWebviewUri(vscode.Uri.joinPath(extension, "dist", "webview", name)).toString();
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}' ${webview.cspSource}`,
    // KaTeX and Mermaid set style attributes; no script can come in this way.
    `style-src ${webview.cspSource} 'unsafe-inline'`,
    `img-src ${webview.cspSource} blob: data:`,
    `font-src ${webview.cspSource}`,
  ].join("; ");
  const data = JSON.stringify(texts()).replaceAll("<", "\\u003c");
  return `<!DOCTYPE html>
<html lang="${vscode.env.language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>Mini-Gemini</title>
<link rel="stylesheet" href="${asset("main.css")}">
</head>
<body>
<div id="app"></div>
<script type="application/json" id="texts" nonce="${nonce}">${data}</script>
<script type="module" nonce="${nonce}" src="${asset("main.js")}"></script>
</body>
</html>`;
}

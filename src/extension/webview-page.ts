/** The page of a webview: strict content security policy, one module script, texts in VS Code's language. */
import * as vscode from "vscode";

export interface WebviewPage {
  /** Where `main.js` and `main.css` lie, below `dist`. */
  readonly folder: readonly string[];
  /** What the page says, by name; its script finds them in `#texts`. */
  readonly texts: Readonly<Record<string, string>>;
}

export function webviewPage(webview: vscode.Webview, extension: vscode.Uri, { folder, texts }: WebviewPage): string {
  const nonce = crypto.randomUUID().replaceAll("-", "");
  const asset = (name: string): string =>
    webview.asWebviewUri(vscode.Uri.joinPath(extension, "dist", ...folder, name)).toString();
  const policy = [
    "default-src 'none'",
    // What the main script imports inherits its nonce; no other script runs, wherever it comes from.
    `script-src 'nonce-${nonce}'`,
    // The toolkit, KaTeX and Mermaid set style attributes; no script can come in this way.
    `style-src ${webview.cspSource} 'unsafe-inline'`,
    `img-src ${webview.cspSource} blob: data:`,
    `font-src ${webview.cspSource}`,
    "form-action 'none'",
    "base-uri 'none'",
  ].join("; ");
  const data = JSON.stringify(texts).replaceAll("<", "\\u003c");
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

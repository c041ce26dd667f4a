/** The page of the illustration panel: strict content security policy, texts in VS Code's language. */
import * as vscode from "vscode";
import type { PanelText } from "../../shared/illustration-texts";

const texts = (): Record<PanelText, string> => ({
  title: vscode.l10n.t("Illustration"),
  prompt: vscode.l10n.t("What to draw"),
  promptHint: vscode.l10n.t("A red rocket above the clouds"),
  style: vscode.l10n.t("Style"),
  "style-none": vscode.l10n.t("No preset"),
  "style-flat": vscode.l10n.t("Flat"),
  "style-line": vscode.l10n.t("Line art"),
  "style-isometric": vscode.l10n.t("Isometric"),
  "style-icon": vscode.l10n.t("Icon"),
  "style-banner": vscode.l10n.t("Banner"),
  size: vscode.l10n.t("Size"),
  sizeModel: vscode.l10n.t("The model's own"),
  count: vscode.l10n.t("Variations"),
  seed: vscode.l10n.t("Seed"),
  seedRandom: vscode.l10n.t("By chance"),
  more: vscode.l10n.t("More Options"),
  negative: vscode.l10n.t("What not to draw"),
  steps: vscode.l10n.t("Steps"),
  guidance: vscode.l10n.t("Guidance"),
  modelDefault: vscode.l10n.t("The model's own"),
  generate: vscode.l10n.t("Generate"),
  stop: vscode.l10n.t("Stop"),
  save: vscode.l10n.t("Save to Repository…"),
  insert: vscode.l10n.t("Save and Insert into {0}…"),
  again: vscode.l10n.t("Same Again, but…"),
  remove: vscode.l10n.t("Remove"),
  pictures: vscode.l10n.t("Pictures"),
  empty: vscode.l10n.t("Pictures appear here. Everything runs on this machine."),
  caption: vscode.l10n.t("{0} × {1}, seed {2}, drawn by {3}"),
  saved: vscode.l10n.t("Saved as {0}"),
  embedded: vscode.l10n.t("Small embedded model: icons and simple pictures only, and often wrong."),
  betterModel: vscode.l10n.t("Choose a Better Model"),
  noModel: vscode.l10n.t("There is no model that draws on this machine yet."),
  noModelAdvice: vscode.l10n.t(
    "Download a Stable Diffusion model in the layout of diffusers (SD-Turbo, SD 1.5, LCM, SDXL), then choose its folder.",
  ),
  chooseModel: vscode.l10n.t("Choose Model Folder…"),
  showLog: vscode.l10n.t("Show Log"),
});

export function panelHtml(webview: vscode.Webview, extension: vscode.Uri): string {
  const nonce = crypto.randomUUID().replaceAll("-", "");
  const asset = (name: string): string =>
    webview.asWebviewUri(vscode.Uri.joinPath(extension, "dist", "webview", "illustration", name)).toString();
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}' ${webview.cspSource}`,
    // The toolkit's buttons adopt style sheets and set style attributes; no script can come in this way.
    `style-src ${webview.cspSource} 'unsafe-inline'`,
    `img-src ${webview.cspSource}`,
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

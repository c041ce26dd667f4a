/** The status bar item: what the engine is doing, and with which model. */
import * as vscode from "vscode";
import type { EngineActivity, Explainer } from "./explainer";

export function createStatusBar(explainer: Explainer): vscode.StatusBarItem {
  const item = vscode.window.createStatusBarItem("miniGemini.status", vscode.StatusBarAlignment.Right, 50);
  item.name = "Mini-Gemini";
  item.command = "miniGemini.chat.focus";
  const show = (activity: EngineActivity): void => {
    item.text = text(activity);
    item.tooltip = "model" in activity && activity.model !== null ? activity.model.name : "Mini-Gemini";
    item.show();
  };
  show({ kind: "idle", model: null });
  explainer.onActivity(show);
  return item;
}

function text(activity: EngineActivity): string {
  switch (activity.kind) {
    case "idle":
      return "$(eye) Mini-Gemini";
    case "loading": {
      const percent = Math.round(activity.fraction * 100);
      return vscode.l10n.t("$(loading~spin) Loading {percent}%", { percent });
    }
    case "working":
      return vscode.l10n.t("$(loading~spin) Looking…");
    case "failed":
      return vscode.l10n.t("$(warning) Mini-Gemini: engine stopped");
  }
}

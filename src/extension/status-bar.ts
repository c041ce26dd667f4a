/** The status bar item: what the engine is doing, with which model, in how much memory. */
import * as vscode from "vscode";
import type { EngineActivity, EngineState, Explainer } from "./explainer";
import { failureMessage } from "./failure-message";

export function createStatusBar(explainer: Explainer): vscode.StatusBarItem {
  const item = vscode.window.createStatusBarItem("miniGemini.status", vscode.StatusBarAlignment.Right, 50);
  item.name = "Mini-Gemini";
  const show = (state: EngineState): void => {
    const failed = state.activity.kind === "failed";
    item.text = text(state.activity);
    item.tooltip = tooltip(state);
    item.command = failed ? "miniGemini.showLog" : "miniGemini.chat.focus";
    item.backgroundColor = failed ? new vscode.ThemeColor("statusBarItem.warningBackground") : undefined;
  };
  show(explainer.state);
  item.show();
  explainer.onState(show);
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
      return activity.failure.code.startsWith("engine-")
        ? vscode.l10n.t("$(warning) Mini-Gemini: engine stopped")
        : vscode.l10n.t("$(warning) Mini-Gemini: no model");
  }
}

function tooltip({ activity, model, rssBytes }: EngineState): string {
  if (activity.kind === "failed") return failureMessage(activity.failure).message;
  if (model === null) return vscode.l10n.t("No model is loaded; the next question loads it.");
  const { name, precision, device } = model;
  const gibibytes = (rssBytes / 2 ** 30).toFixed(2);
  return vscode.l10n.t("{name} ({precision}, {device}), {gibibytes} GiB of memory", {
    ...{ name, precision, device, gibibytes },
  });
}

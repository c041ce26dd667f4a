/** The status bar item: what the engine is doing, with which model, in how much memory. */
import * as vscode from "vscode";
import { answeringServer } from "./answering-server";
import type { EngineState, Explainer } from "./explainer";
import { failureMessage } from "./failure-message";

export function createStatusBar(explainer: Explainer): vscode.Disposable {
  const item = vscode.window.createStatusBarItem("miniGemini.status", vscode.StatusBarAlignment.Right, 50);
  item.name = "Mini-Gemini";
  const show = (state: EngineState): void => {
    const failed = state.activity.kind === "failed";
    item.text = text(state);
    item.tooltip = tooltip(state);
    item.command = failed ? "miniGemini.showLog" : "miniGemini.chat.focus";
    item.backgroundColor = failed ? new vscode.ThemeColor("statusBarItem.warningBackground") : undefined;
  };
  show(explainer.state);
  item.show();
  explainer.onState(show);
  // Where questions go must show before the first of them.
  const settings = vscode.workspace.onDidChangeConfiguration((change) => {
    if (change.affectsConfiguration("miniGemini.engine.server")) show(explainer.state);
  });
  return vscode.Disposable.from(item, settings);
}

function text({ activity }: EngineState): string {
  switch (activity.kind) {
    case "idle": {
      const server = answeringServer();
      return server === undefined ? "$(eye) Mini-Gemini" : vscode.l10n.t("$(cloud) Mini-Gemini: {server}", { server });
    }
    case "loading": {
      const percent = Math.round(activity.fraction * 100);
      return vscode.l10n.t("$(loading~spin) Loading {percent}%", { percent });
    }
    case "working":
      return vscode.l10n.t("$(loading~spin) Looking…");
    case "drawing": {
      const percent = Math.round(activity.fraction * 100);
      return vscode.l10n.t("$(loading~spin) Drawing {percent}%", { percent });
    }
    case "failed":
      if (activity.failure.code.startsWith("server-")) return vscode.l10n.t("$(warning) Mini-Gemini: server");
      return activity.failure.code.startsWith("engine-")
        ? vscode.l10n.t("$(warning) Mini-Gemini: engine stopped")
        : vscode.l10n.t("$(warning) Mini-Gemini: no model");
  }
}

function tooltip({ activity, model, rssBytes }: EngineState): string {
  if (activity.kind === "failed") return failureMessage(activity.failure).message;
  const server = answeringServer();
  if (server !== undefined) {
    return vscode.l10n.t("{server} answers: questions and what is attached to them are sent there.", { server });
  }
  if (model === null) return vscode.l10n.t("No model is loaded; the next question loads it.");
  const { name, precision, device } = model;
  if (precision === null || device === null) return name;
  const gibibytes = (rssBytes / 2 ** 30).toFixed(2);
  return vscode.l10n.t("{name} ({precision}, {device}), {gibibytes} GiB of memory", {
    ...{ name, precision, device, gibibytes },
  });
}

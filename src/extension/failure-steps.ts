/** The next steps of failures as buttons. */
import * as vscode from "vscode";
import type { FailureStep } from "../shared/failure-steps";

export function stepLabel(step: FailureStep): string {
  switch (step) {
    case "set-access-token":
      return vscode.l10n.t("Set Access Token…");
    case "set-server-token":
      return vscode.l10n.t("Set Server Token…");
    case "model-settings":
    case "server-settings":
      return vscode.l10n.t("Open Settings");
  }
}

export async function takeStep(step: FailureStep): Promise<void> {
  switch (step) {
    case "set-access-token":
      await vscode.commands.executeCommand("miniGemini.models.setToken");
      return;
    case "set-server-token":
      await vscode.commands.executeCommand("miniGemini.setServerToken");
      return;
    case "model-settings":
      await vscode.commands.executeCommand("workbench.action.openSettings", "miniGemini.models");
      return;
    case "server-settings":
      await vscode.commands.executeCommand("workbench.action.openSettings", "miniGemini.engine.server");
      return;
  }
}

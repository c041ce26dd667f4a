/** The next steps of failures as buttons. */
import * as vscode from "vscode";
import type { FailureStep } from "../shared/failure-steps";

const redistributable = "https://learn.microsoft.com/cpp/windows/latest-supported-vc-redist";

/** Only Windows can lack the libraries of Visual C++. */
export const isStepHere = (step: FailureStep): boolean =>
  step !== "get-redistributable" || process.platform === "win32";

export function stepLabel(step: FailureStep): string {
  switch (step) {
    case "set-access-token":
      return vscode.l10n.t("Set Access Token…");
    case "set-server-token":
      return vscode.l10n.t("Set Server Token…");
    case "model-settings":
    case "encoder-settings":
    case "engine-settings":
    case "server-settings":
      return vscode.l10n.t("Open Settings");
    case "choose-model":
      return vscode.l10n.t("Choose Model…");
    case "choose-illustrator":
      return vscode.l10n.t("Choose Illustration Model…");
    case "get-redistributable":
      return vscode.l10n.t("Get the Redistributable…");
  }
}

/** @returns whether it is done with that, so that what failed can be tried again at once. */
export async function takeStep(step: FailureStep): Promise<boolean> {
  if (step === "set-server-token") return (await vscode.commands.executeCommand("miniGemini.setServerToken")) === true;
  await leadTo(step);
  return false;
}

async function leadTo(step: Exclude<FailureStep, "set-server-token">): Promise<void> {
  switch (step) {
    case "set-access-token":
      await vscode.commands.executeCommand("miniGemini.models.setToken");
      return;
    case "model-settings":
      return openSettings("models");
    case "encoder-settings":
      return openSettings("model.encodersFolder");
    case "engine-settings":
      return openSettings("engine.device");
    case "server-settings":
      return openSettings("engine.server");
    case "choose-model":
      await vscode.commands.executeCommand("miniGemini.chooseModel");
      return;
    case "choose-illustrator":
      await vscode.commands.executeCommand("miniGemini.chooseIllustrationModel");
      return;
    case "get-redistributable":
      await vscode.env.openExternal(vscode.Uri.parse(redistributable, true));
      return;
  }
}

async function openSettings(which: string): Promise<void> {
  await vscode.commands.executeCommand("workbench.action.openSettings", `miniGemini.${which}`);
}

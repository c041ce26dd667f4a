/** The stages of an answer in words. */
import * as vscode from "vscode";
import type { LoadPart, Stage } from "../../shared/protocol";
import type { ViewStage } from "../../shared/view-protocol";

export const startingStage = (): ViewStage => ({ text: vscode.l10n.t("Starting the engine…"), fraction: null });

export function loadStage({ stage, done, total }: LoadPart): ViewStage {
  return { text: loadText(stage), fraction: total > 0 ? done / total : null };
}

/** How long an answer will be is not known while it is written. */
export function explainStage(stage: Stage, done: number, total: number): ViewStage {
  return { text: explainText(stage), fraction: stage !== "writing" && total > 1 ? done / total : null };
}

function loadText(stage: LoadPart["stage"]): string {
  switch (stage) {
    case "reading":
    case "loading":
      return vscode.l10n.t("Loading the model…");
    case "quantising":
    case "writing":
      return vscode.l10n.t("Preparing the model for this machine (only once)…");
    case "choosing-device":
      return vscode.l10n.t("Choosing the fastest device…");
  }
}

function explainText(stage: Stage): string {
  switch (stage) {
    case "decoding":
      return vscode.l10n.t("Opening the image…");
    case "reading-text":
      return vscode.l10n.t("Reading the text…");
    case "looking":
      return vscode.l10n.t("Looking…");
    case "looking-closely":
      return vscode.l10n.t("Looking closely…");
    case "thinking":
      return vscode.l10n.t("Thinking…");
    case "writing":
      return vscode.l10n.t("Writing…");
  }
}

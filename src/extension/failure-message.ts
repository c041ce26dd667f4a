/** Failures and notices as localised sentences. */
import { homedir } from "node:os";
import * as vscode from "vscode";
import { type Failure, failureOf } from "../shared/failure";
import { ended, failureFacts, failureText } from "../shared/failure-text";
import { stepsFor } from "../shared/failure-steps";
import type { Notice } from "../shared/protocol";
import type { ViewFailure } from "../shared/view-protocol";
import { isStepHere, stepLabel, takeStep } from "./failure-steps";

export function failureMessage(failure: Failure): ViewFailure {
  const { message, advice } = failureText(failure);
  const facts = failureFacts(failure);
  return {
    message: ended(vscode.l10n.t(message, facts)),
    advice: advice === "" ? "" : vscode.l10n.t(advice, facts),
    steps: stepsFor(failure)
      .filter(isStepHere)
      .map((step) => ({ step, label: stepLabel(step) })),
  };
}

/** One notification for a failure, with its next steps and the way to the log; nothing when the person stopped it themselves. */
export async function showFailure(thrown: unknown, log: vscode.LogOutputChannel): Promise<void> {
  const failure = failureOf(thrown);
  if (failure.code === "cancelled") return;
  logFailure(log, failure);
  const { message, advice, steps = [] } = failureMessage(failure);
  const showLog = vscode.l10n.t("Show Log");
  const chosen = await vscode.window.showErrorMessage(
    vscode.l10n.t("{message} {advice}", { message, advice }).trim(),
    ...steps.map(({ label }) => label),
    showLog,
  );
  const next = steps.find(({ label }) => label === chosen);
  if (next !== undefined) await takeStep(next.step);
  else if (chosen === showLog) log.show();
}

/** Writes a failure to the log, without the name of the person's home. */
export function logFailure(log: vscode.LogOutputChannel, failure: Failure): void {
  const facts = failure.code === "bug" ? (failure.stack ?? failure.message) : JSON.stringify(failure);
  const home = homedir();
  // JSON doubles the backslashes of Windows paths.
  log.error(facts.replaceAll(home, "~").replaceAll(home.replaceAll("\\", "\\\\"), "~"));
}

export function noticeMessage(notice: Notice): string {
  switch (notice.code) {
    case "device-fell-back":
      return vscode.l10n.t("The device {device} could not be used ({reason}); the CPU is used.", { ...notice });
    case "history-dropped":
      return vscode.l10n.t("The {turns} oldest turns no longer fitted and were left out.", { ...notice });
    case "answer-cut":
      return vscode.l10n.t("The answer was cut after {tokens} tokens.", { ...notice });
    case "answer-repeats":
      return vscode.l10n.t(
        "The model began to repeat itself and was stopped. Ask in other words or about a part of the image, or choose a better model.",
      );
    case "ocr-failed":
      return vscode.l10n.t("The text in the image could not be read: {reason}", { ...notice });
    case "other-engine": {
      const { process, model, memoryBytes } = notice;
      const gibibytes = (memoryBytes / 2 ** 30).toFixed(1);
      return vscode.l10n.t(
        "Another window's engine (process {process}) holds {model} in {gibibytes} GiB of memory. It gives them back when idle, or when that window closes.",
        { process, model, gibibytes },
      );
    }
    case "ocr-cut":
      return vscode.l10n.t("{lines} lines of text in images no longer fitted and were left out.", { ...notice });
  }
}

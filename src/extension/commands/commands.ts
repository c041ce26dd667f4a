/** Every command, by name. None fails when it is called without arguments. */
import * as vscode from "vscode";
import type { ChatView } from "../chat/chat-view";
import type { Explainer } from "../explainer";
import { showFailure } from "../failure-message";
import { commandImages } from "../images";
import { describeFolder } from "./describe-folder";
import { explainImageChange } from "./explain-image-change";

export interface CommandContext {
  readonly view: ChatView;
  readonly explainer: Explainer;
  readonly log: vscode.LogOutputChannel;
}

export function registerCommands(context: CommandContext): vscode.Disposable {
  const { view, explainer, log } = context;
  const ask = (question: () => string | undefined) => async (first: unknown, all: unknown) => {
    const images = await commandImages(first, all);
    if (images.length > 0) await view.explain(images, question());
  };
  const commands: Record<string, (first: unknown, all: unknown) => Promise<void>> = {
    explainImage: ask(() => vscode.l10n.t("Explain this image.")),
    askAboutImage: ask(() => undefined),
    diagramToMermaid: ask(() => vscode.l10n.t("Write this diagram as Mermaid, in one mermaid code block.")),
    chartToTable: ask(() => vscode.l10n.t("Write the data of this chart as a Markdown table.")),
    screenshotToHtml: ask(() => vscode.l10n.t("Write this screenshot as one HTML page, in one html code block.")),
    explainError: ask(() =>
      vscode.l10n.t("Explain the error in this screenshot: its cause, how to fix it, and the file and line."),
    ),
    explainImageChange: async (first) => explainImageChange(first, view),
    describeFolder: async (first) => describeFolder(first, explainer),
    newChat: () => view.startNewChat(),
    showLog: () => {
      log.show();
      return Promise.resolve();
    },
    chooseModel: () => chooseModel(explainer),
  };
  return vscode.Disposable.from(
    ...Object.entries(commands).map(([name, run]) =>
      vscode.commands.registerCommand(`miniGemini.${name}`, async (first: unknown, all: unknown) => {
        try {
          await run(first, all);
        } catch (thrown) {
          await showFailure(thrown, log);
        }
      }),
    ),
  );
}

async function chooseModel(explainer: Explainer): Promise<void> {
  const starter = { label: vscode.l10n.t("Starter model"), detail: vscode.l10n.t("Comes with the extension; small.") };
  const folder = {
    label: vscode.l10n.t("$(folder-opened) Checkpoint folder…"),
    detail: vscode.l10n.t("A published MGM (Mini-Gemini) checkpoint on this machine."),
  };
  const chosen = await vscode.window.showQuickPick([starter, folder], { title: vscode.l10n.t("Choose a Model") });
  if (chosen === undefined) return;
  const settings = vscode.workspace.getConfiguration("miniGemini");
  let value: string | undefined;
  if (chosen === folder) {
    const [picked] = (await vscode.window.showOpenDialog({ canSelectFolders: true, canSelectFiles: false })) ?? [];
    if (picked === undefined) return;
    value = picked.fsPath;
  }
  explainer.engine.forgive();
  await settings.update("model.folder", value, vscode.ConfigurationTarget.Global);
}

/** Every command, by name. None fails when it is called without arguments. */
import * as vscode from "vscode";
import { setServerToken } from "../answering-server";
import type { ChatView } from "../chat/chat-view";
import type { Explainer } from "../explainer";
import { showFailure } from "../failure-message";
import { commandImages } from "../pick-images";
import type { TaskName } from "../tasks";
import { describeFolder } from "./describe-folder";
import { explainImageChange } from "./explain-image-change";

export interface CommandContext {
  readonly view: ChatView;
  readonly explainer: Explainer;
  readonly log: vscode.LogOutputChannel;
  readonly extension: vscode.ExtensionContext;
}

type Command = (args: readonly unknown[]) => Promise<unknown>;

export function registerCommands(context: CommandContext): vscode.Disposable {
  const { view, explainer, log, extension } = context;
  const ask =
    (task: TaskName | undefined): Command =>
    async (args) => {
      const images = await commandImages(args);
      if (images.length > 0) await view.explain(images, task);
    };
  const commands: Record<string, Command> = {
    explainImage: ask("explain"),
    explainChosenImage: ask("explain"),
    askAboutImage: ask(undefined),
    diagramToMermaid: ask("diagram-to-mermaid"),
    chartToTable: ask("chart-to-table"),
    screenshotToHtml: ask("screenshot-to-html"),
    explainError: ask("error"),
    explainImageChange: (args) => explainImageChange(args, view),
    describeFolder: (args) => describeFolder(args, explainer),
    newChat: () => view.startNewChat(),
    showChats: () => view.reveal("chats"),
    exportChat: () => view.exportOpenChat(),
    showLog: () => {
      log.show();
      return Promise.resolve();
    },
    setServerToken: () => setServerToken(extension),
  };
  return vscode.Disposable.from(
    ...Object.entries(commands).map(([name, run]) =>
      vscode.commands.registerCommand(`miniGemini.${name}`, async (...args: unknown[]) => {
        try {
          return await run(args);
        } catch (thrown) {
          await showFailure(thrown, log);
          return undefined;
        }
      }),
    ),
  );
}

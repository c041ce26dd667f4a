/** The Models view and its commands. Nothing is started before one of them is shown or called. */
import * as vscode from "vscode";
import type { EngineProcess } from "../engine-process";
import { LibraryProcess } from "./library-process";
import { ModelCommands } from "./model-commands";
import { Models } from "./models";
import { createModelsView } from "./models-view";

export function registerModels(
  extension: vscode.ExtensionContext,
  engine: EngineProcess,
  log: vscode.LogOutputChannel,
): vscode.Disposable {
  const script = vscode.Uri.joinPath(extension.extensionUri, "dist", "library.js").fsPath;
  const models = new Models(extension, new LibraryProcess(script, log));
  const commands = new ModelCommands({
    models,
    extension,
    log,
    onChoose: () => {
      engine.forgive();
    },
  });
  const failed = (thrown: unknown): void => void commands.failed(thrown);
  return vscode.Disposable.from(models, commands.register(), createModelsView(models, failed));
}

/** The extension host's side. Starts nothing: the engine comes with the first question. */
import * as vscode from "vscode";
import { registerAltText } from "./assist/alt-text";
import { ChatStore } from "./chat/chat-store";
import { ChatView } from "./chat/chat-view";
import { registerCommands } from "./commands/commands";
import { registerEditorAi } from "./editor-ai/editor-ai";
import { EngineProcess } from "./engine-process";
import { Explainer } from "./explainer";
import { registerIllustrations } from "./illustrate/commands";
import { idleSeconds } from "./settings";
import { createStatusBar } from "./status-bar";

/** Names an engine that answers from a script; only the project's tests set it. */
const testEngine = "MINI_GEMINI_TEST_ENGINE";

export function activate(context: vscode.ExtensionContext): void {
  const log = vscode.window.createOutputChannel("Mini-Gemini", { log: true });
  const script = process.env[testEngine] ?? vscode.Uri.joinPath(context.extensionUri, "dist", "engine.js").fsPath;
  const engine = new EngineProcess({ script, log, idleSeconds });
  const explainer = new Explainer(context, engine);
  const view = new ChatView(context, new ChatStore(context), explainer, log);
  context.subscriptions.push(
    log,
    engine,
    createStatusBar(explainer),
    vscode.window.registerWebviewViewProvider(ChatView.id, view),
    registerCommands({ view, explainer, log, extension: context }),
    registerAltText(explainer, log),
    registerIllustrations(context, engine, log).registered,
    registerEditorAi(explainer, context.extensionUri),
  );
}

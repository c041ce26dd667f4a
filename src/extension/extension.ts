/** The extension host's side. Starts nothing: the engine comes with the first question. */
import * as vscode from "vscode";
import { registerAltText } from "./assist/alt-text";
import { ChatStore } from "./chat/chat-store";
import { ChatView } from "./chat/chat-view";
import { registerCommands } from "./commands/commands";
import { chatHandler } from "./editor-ai/chat-participant";
import { registerEditorAi } from "./editor-ai/editor-ai";
import { EngineProcess } from "./engine-process";
import { Explainer } from "./explainer";
import { registerIllustrations } from "./illustrate/commands";
import { registerModels } from "./models/register";
import { idleSeconds } from "./settings";
import { createStatusBar } from "./status-bar";

/** Names an engine that answers from a script; only the project's tests set it. */
const testEngine = "MINI_GEMINI_TEST_ENGINE";

/** What the project's tests look at. Other extensions get nothing: they have the commands and the tool. */
export interface TestInterface {
  readonly view: ChatView;
  readonly explainer: Explainer;
  readonly participant: vscode.ChatRequestHandler;
  /** Of this process while it ran {@link activate}. */
  readonly activation: { readonly milliseconds: number; readonly cpuMilliseconds: number };
}

export function activate(context: vscode.ExtensionContext): TestInterface | undefined {
  const started = performance.now();
  const cpu = process.cpuUsage();
  const log = vscode.window.createOutputChannel("Mini-Gemini", { log: true });
  const script = process.env[testEngine] ?? vscode.Uri.joinPath(context.extensionUri, "dist", "engine.js").fsPath;
  const engine = new EngineProcess({ script, log, idleSeconds });
  const explainer = new Explainer(context, engine, log);
  const illustrations = registerIllustrations(context, explainer, log);
  const view = new ChatView(context, new ChatStore(context), { explainer, illustrations, log });
  context.subscriptions.push(
    log,
    engine,
    createStatusBar(explainer),
    vscode.window.registerWebviewViewProvider(ChatView.id, view),
    registerCommands({ view, explainer, log, extension: context }),
    registerAltText(explainer, log),
    illustrations.registered,
    registerModels(context, engine, log),
    registerEditorAi(explainer, context.extensionUri),
  );
  if (process.env[testEngine] === undefined) return undefined;
  const { user, system } = process.cpuUsage(cpu);
  const activation = { milliseconds: performance.now() - started, cpuMilliseconds: (user + system) / 1000 };
  return { view, explainer, participant: chatHandler(explainer), activation };
}

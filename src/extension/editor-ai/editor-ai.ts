/** Everything that is offered to VS Code's own AI. */
import * as vscode from "vscode";
import type { Explainer } from "../explainer";
import { registerChatParticipant } from "./chat-participant";
import { registerImageTool } from "./image-tool";
import { registerLanguageModel } from "./language-model";

export const registerEditorAi = (explainer: Explainer, extension: vscode.Uri): vscode.Disposable =>
  vscode.Disposable.from(
    registerChatParticipant(explainer, extension),
    registerImageTool(explainer),
    registerLanguageModel(explainer),
  );

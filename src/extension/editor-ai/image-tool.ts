/** `explain_image`: a tool that other models call to have an image of the workspace explained. */
import * as vscode from "vscode";
import { FailureError, failureOf } from "../../shared/failure";
import { cancelSignal } from "../cancel-signal";
import type { Explainer } from "../explainer";
import { failureMessage } from "../failure-message";
import { exists, imageSource, isImage } from "../images";
import { taskTurns } from "../tasks";
import { has } from "./later-api";

export interface ImageToolInput {
  readonly file: string;
  readonly question?: string;
}

export function registerImageTool(explainer: Explainer): vscode.Disposable {
  if (!has(vscode, "lm") || !has(vscode.lm, "registerTool")) return new vscode.Disposable(() => undefined);
  return vscode.lm.registerTool<ImageToolInput>("explain_image", {
    prepareInvocation: ({ input }) => ({
      invocationMessage: vscode.l10n.t("Looking at {file}", { file: input.file }),
    }),
    async invoke({ input }, token) {
      try {
        const image = await imageSource(await workspaceImage(input.file));
        const { question } = input;
        const turns =
          question === undefined || question.trim() === ""
            ? taskTurns("explain", image)
            : [{ role: "user" as const, text: question, images: [image] }];
        const { text } = await explainer.ask(turns, { signal: cancelSignal(token) });
        return new vscode.LanguageModelToolResult([new vscode.LanguageModelTextPart(text)]);
      } catch (thrown) {
        // The calling model reads the message; a person may see it too.
        const { message, advice } = failureMessage(failureOf(thrown));
        throw new Error(vscode.l10n.t("{message} {advice}", { message, advice }), { cause: thrown });
      }
    },
  });
}

/**
 * A tool is called by a model, which may have been talked into it: it may name images of the workspace only.
 *
 * @throws FailureError `file-missing`.
 */
async function workspaceImage(file: string): Promise<vscode.Uri> {
  const absolute = /^([\\/]|[a-z]:[\\/])/i.test(file);
  for (const { uri: folder } of vscode.workspace.workspaceFolders ?? []) {
    const path = absolute ? vscode.Uri.file(file).path : file.replaceAll("\\", "/");
    const uri = absolute ? folder.with({ path }) : vscode.Uri.joinPath(folder, path);
    const inside = vscode.workspace.getWorkspaceFolder(uri) !== undefined && !uri.path.split("/").includes("..");
    if (inside && isImage(uri) && (await exists(uri))) return uri;
  }
  throw new FailureError({ code: "file-missing", file });
}

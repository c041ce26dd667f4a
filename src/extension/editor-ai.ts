/** VS Code's own AI: a chat participant and a tool. Hosts that lack these (or switch them off) lose nothing else. */
import * as vscode from "vscode";
import type { ImageSource } from "../shared/protocol";
import type { Explainer } from "./explainer";
import { isImage, nameOf, readImage } from "./images";

const nothing = new vscode.Disposable(() => undefined);

export function registerChatParticipant(explainer: Explainer): vscode.ChatParticipant | vscode.Disposable {
  if (!has(vscode, "chat")) return nothing;
  return vscode.chat.createChatParticipant("mini-gemini", async (request, _context, stream, token) => {
    const images: ImageSource[] = [];
    for (const { value } of request.references) {
      const uri = value instanceof vscode.Location ? value.uri : value;
      if (uri instanceof vscode.Uri && isImage(uri)) {
        images.push({ name: nameOf(uri), data: { kind: "bytes", bytes: await readImage(uri) } });
      }
    }
    if (images.length === 0) {
      stream.markdown(vscode.l10n.t("Attach an image file to ask about it."));
      return;
    }
    const text = request.prompt === "" ? vscode.l10n.t("Explain this image.") : request.prompt;
    await explainer.ask([{ role: "user", text, images }], {
      signal: signalOf(token),
      onLoaded: ({ starter }) => {
        if (starter) stream.progress(vscode.l10n.t("Starter model: small, and often wrong."));
      },
      onPart: (part) => {
        if (part.kind === "text") stream.markdown(part.text);
      },
    });
  });
}

interface ImageToolInput {
  readonly file: string;
  readonly question?: string;
}

export function registerImageTool(explainer: Explainer): vscode.Disposable {
  if (!has(vscode, "lm")) return nothing;
  return vscode.lm.registerTool<ImageToolInput>("explain_image", {
    async invoke({ input }, token) {
      const uri = workspaceFile(input.file);
      const text = input.question ?? vscode.l10n.t("Explain this image.");
      const images = [{ name: nameOf(uri), data: { kind: "bytes", bytes: await readImage(uri) } as const }];
      const answer = await explainer.ask([{ role: "user", text, images }], { signal: signalOf(token) });
      return new vscode.LanguageModelToolResult([new vscode.LanguageModelTextPart(answer.text)]);
    },
  });
}

/** A tool is called by a model: it may name images of the workspace only. */
function workspaceFile(file: string): vscode.Uri {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  if (folder === undefined) throw new Error("no folder is open");
  const uri = file.startsWith("/") ? folder.with({ path: file }) : vscode.Uri.joinPath(folder, file);
  const inside = vscode.workspace.getWorkspaceFolder(uri) !== undefined;
  if (!inside || !isImage(uri)) throw new Error(`${file} is not an image of this workspace`);
  return uri;
}

const has = (object: object, name: string): boolean => (object as Record<string, unknown>)[name] !== undefined;

function signalOf(token: vscode.CancellationToken): AbortSignal {
  const controller = new AbortController();
  token.onCancellationRequested(() => {
    controller.abort();
  });
  return controller.signal;
}

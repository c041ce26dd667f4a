/** What the view is told of the open chat. */
import * as vscode from "vscode";
import type { ViewContext, ViewDrawing, ViewImage, ViewState } from "../../shared/view-protocol";
import { answeringServer } from "../answering-server";
import type { Recipe } from "../illustrate/illustrator";
import { isAnsweredElsewhere } from "./answering-window";
import type { ChatSession } from "./chat-session";
import type { StoredContext, StoredImage } from "./chat-store";

export function viewStateOf({ chat, store, busy, stage }: ChatSession, webview: vscode.Webview): ViewState {
  const image = ({ id, name, file, crop, reading, recipe }: StoredImage): ViewImage => ({
    id,
    name,
    crop,
    reading,
    drawing: recipe === undefined ? undefined : drawingOf(recipe),
    source: webview.asWebviewUri(vscode.Uri.joinPath(store.folder(chat.id), file)).toString(),
  });
  const context = ({ id, kind, label }: StoredContext): ViewContext => ({ id, kind, label });
  return {
    chat: chat.id,
    messages: chat.messages.map(({ window, ...message }) => ({
      ...message,
      state: isAnsweredElsewhere({ ...message, window }) ? "elsewhere" : message.state,
      images: message.images.map(image),
      contexts: message.contexts.map(context),
    })),
    attachments: chat.attachments.map(image),
    contexts: chat.contexts.map(context),
    draft: chat.draft,
    busy,
    stage,
    server: answeringServer() ?? null,
  };
}

const drawingOf = ({ form, width, height, model, embedded }: Recipe): ViewDrawing => ({
  ...{ prompt: form.prompt, seed: form.seed ?? 0, width, height, model, embedded },
});

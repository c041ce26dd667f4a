/** What a person asks for in the view, done. */
import * as vscode from "vscode";
import { FailureError } from "../../shared/failure";
import { type HostToView, largestPaste, type ViewToHost } from "../../shared/view-protocol";
import { takeStep } from "../failure-steps";
import type { Illustrations } from "../illustrate/commands";
import { saveAndTell } from "../illustrate/save-and-tell";
import { isImage, nameOf, readImage } from "../images";
import { activeImage, pickImages } from "../pick-images";
import type { ChatList } from "./chat-list";
import type { ChatSession } from "./chat-session";
import { newChat } from "./chat-store";
import { insertAtCursor, newFile } from "./editor-actions";
import { openLink } from "./open-link";
import { pickContexts } from "./question-context";

export interface RequestTools {
  readonly session: ChatSession;
  readonly list: ChatList;
  readonly illustrations: Illustrations;
  readonly log: vscode.LogOutputChannel;
  readonly post: (message: HostToView) => void;
  /** The view is ready to be told everything. */
  readonly ready: () => Promise<void>;
  /** Back to the question. */
  readonly reveal: () => Promise<void>;
}

/** @throws FailureError of what was asked for; other errors of VS Code. */
export async function fulfil(message: ViewToHost, tools: RequestTools): Promise<void> {
  const { session, list } = tools;
  switch (message.kind) {
    case "ready":
      return tools.ready();
    case "draft":
      session.write(message.chat, message.text);
      return;
    case "ask":
      return session.ask(message.text);
    case "stop":
      session.stop();
      return;
    case "retry":
      return session.retry();
    case "edit":
      return session.edit(message.message, message.text);
    case "attach-bytes":
      return session.attach(message.name, message.bytes);
    case "attach-addresses":
      return attachFiles(
        session,
        message.addresses.map((address) => vscode.Uri.parse(address, true)),
      );
    case "attach-pick":
      return attachFiles(session, await pickImages());
    case "attach-current": {
      const image = activeImage();
      return attachFiles(session, image === undefined ? await pickImages() : [image]);
    }
    case "refuse-file":
      throw refused(message.name, message.bytes);
    case "detach":
      session.detach(message.image);
      return;
    case "crop":
      session.crop(message.image, message.part);
      return;
    case "use-whole":
      session.crop(message.image, undefined);
      return;
    case "save-picture":
      return savePicture(session, tools.illustrations, message.image);
    case "same-again": {
      const picture = session.picture(message.image);
      if (picture === undefined) return;
      session.change(picture);
      tools.post({ kind: "begin", text: vscode.l10n.t("Same again, but ") });
      return;
    }
    case "add-context":
      session.addContexts(await pickContexts());
      return tools.reveal();
    case "remove-context":
      session.removeContext(message.context);
      return;
    case "copy":
      await vscode.env.clipboard.writeText(message.text);
      return;
    case "insert":
      return insertAtCursor(message.text);
    case "new-file":
      return newFile(message.text, message.language);
    case "open-link":
      return openLink(message.target);
    case "new-chat":
      session.open(newChat());
      return;
    case "open-chat":
      return list.open(message.chat);
    case "rename-chat":
      return list.rename(message.chat);
    case "delete-chat":
      return list.delete(message.chat);
    case "export-chat":
      return list.export(message.chat);
    case "search-chats":
      return list.show(message.text);
    case "choose-model":
      await vscode.commands.executeCommand("miniGemini.chooseModel");
      return;
    case "failure-step":
      if (await takeStep(message.step)) await session.retry();
      return;
    case "show-log":
      tools.log.show();
      return;
  }
}

/** @throws FailureError `image-unsupported`, after the images among the files have been attached; of {@link readImage}. */
export async function attachFiles(session: ChatSession, files: readonly vscode.Uri[]): Promise<void> {
  const refused = files.find((file) => !isImage(file));
  for (const file of files.filter(isImage)) await session.attach(nameOf(file), await readImage(file));
  if (refused !== undefined) throw unsupported(nameOf(refused));
}

async function savePicture(session: ChatSession, illustrations: Illustrations, id: string): Promise<void> {
  const { store, chat } = session;
  const picture = session.picture(id);
  if (picture?.recipe === undefined) return;
  const { recipe } = picture;
  const png = await vscode.workspace.fs.readFile(store.file(chat.id, picture));
  await saveAndTell(illustrations, { png, recipe }, { near: undefined, insert: false });
}

const refused = (file: string, bytes: number): FailureError =>
  bytes > largestPaste
    ? new FailureError({ code: "file-too-large", file, bytes, limit: largestPaste })
    : unsupported(file);

const unsupported = (image: string): FailureError =>
  new FailureError({ code: "image-unsupported", image, found: /\.[^.]*$/.exec(image)?.[0] ?? "-" });

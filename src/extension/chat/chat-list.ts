/** The list of chats, and what can be done with each. */
import * as vscode from "vscode";
import type { HostToView } from "../../shared/view-protocol";
import type { ChatSession } from "./chat-session";
import { type Chat, newChat } from "./chat-store";
import { exportChat } from "./export-chat";

export interface ChatListView {
  post(message: HostToView): void;
  /** Shows the list, with the focus in it. */
  reveal(): Promise<void>;
}

export class ChatList {
  readonly #session: ChatSession;
  readonly #view: ChatListView;
  #search = "";

  constructor(session: ChatSession, view: ChatListView) {
    this.#session = session;
    this.#view = view;
  }

  async show(search = this.#search): Promise<void> {
    this.#search = search;
    const chats = await this.#session.store.list(search);
    if (search === this.#search) this.#view.post({ kind: "chats", search, chats });
  }

  async open(id: string): Promise<void> {
    const chat = id === this.#session.chat.id ? undefined : await this.#session.store.load(id);
    if (chat !== undefined) this.#session.open(chat);
  }

  async rename(id: string): Promise<void> {
    const chat = await this.#chat(id);
    if (chat === undefined) return;
    const title = await vscode.window.showInputBox({ value: chat.title, prompt: vscode.l10n.t("Name of the chat") });
    if (title !== undefined && title.trim() !== "") {
      chat.title = title.trim().slice(0, 200);
      await this.#session.store.save(chat);
      await this.show();
    }
    await this.#view.reveal();
  }

  async delete(id: string): Promise<void> {
    const yes = vscode.l10n.t("Delete");
    const question = vscode.l10n.t("Delete this chat and its copies of images?");
    if ((await vscode.window.showWarningMessage(question, { modal: true }, yes)) !== yes) return;
    if (id === this.#session.chat.id) this.#session.open(newChat());
    await this.#session.store.delete(id);
    await this.show();
    await this.#view.reveal();
  }

  async export(id: string): Promise<void> {
    const chat = await this.#chat(id);
    if (chat !== undefined && chat.messages.length > 0) return exportChat(chat, this.#session.store);
    void vscode.window.showInformationMessage(vscode.l10n.t("There is nothing to export yet."));
  }

  async #chat(id: string): Promise<Chat | undefined> {
    return id === this.#session.chat.id ? this.#session.chat : this.#session.store.load(id);
  }
}

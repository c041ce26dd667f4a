/** Chats on disk: one folder each, with `chat.json` and copies of its images, written as they change. */
import * as vscode from "vscode";
import type { Rectangle } from "../../shared/protocol";
import type { TaskName } from "../tasks";
import type { Answerer, ChatSummary, MessageState, Reading, ViewFailure } from "../../shared/view-protocol";

export interface StoredImage {
  readonly id: string;
  readonly name: string;
  /** File name inside the chat's folder. */
  readonly file: string;
  readonly crop?: Rectangle | undefined;
  readonly reading?: Reading | undefined;
}

export interface StoredMessage {
  readonly id: string;
  readonly role: "user" | "assistant";
  text: string;
  /** What a command asked, while the text is still its own. */
  task?: TaskName | undefined;
  images: StoredImage[];
  state: MessageState;
  failure?: ViewFailure | undefined;
  model?: Answerer | undefined;
  notices: string[];
}

export interface Chat {
  readonly id: string;
  title: string;
  updated: number;
  messages: StoredMessage[];
  attachments: StoredImage[];
}

export const newChat = (): Chat => ({
  id: crypto.randomUUID(),
  title: "",
  updated: Date.now(),
  messages: [],
  attachments: [],
});

export class ChatStore {
  readonly root: vscode.Uri;
  #writing: Promise<void> = Promise.resolve();

  constructor(context: vscode.ExtensionContext) {
    this.root = vscode.Uri.joinPath(context.storageUri ?? context.globalStorageUri, "chats");
  }

  folder(chat: string): vscode.Uri {
    return vscode.Uri.joinPath(this.root, chat);
  }

  file(chat: string, image: StoredImage): vscode.Uri {
    return vscode.Uri.joinPath(this.folder(chat), image.file);
  }

  /** Stores a copy of an image, so that the chat keeps it when the original goes. */
  async addImage(chat: string, name: string, bytes: Uint8Array): Promise<StoredImage> {
    const id = crypto.randomUUID();
    const extension = /\.(png|jpe?g|webp|gif|avif|tiff?|svg|bmp)$/i.exec(name)?.[0].toLowerCase() ?? ".png";
    const image = { id, name, file: `${id}${extension}` };
    await vscode.workspace.fs.createDirectory(this.folder(chat));
    await vscode.workspace.fs.writeFile(this.file(chat, image), bytes);
    return image;
  }

  /** Writes one after the other; beside the old file and renamed into place, so a crash leaves one or the other. */
  save(chat: Chat): Promise<void> {
    const bytes = new TextEncoder().encode(JSON.stringify(chat));
    const write = async (): Promise<void> => {
      await vscode.workspace.fs.createDirectory(this.folder(chat.id));
      const part = vscode.Uri.joinPath(this.folder(chat.id), "chat.json.part");
      await vscode.workspace.fs.writeFile(part, bytes);
      const file = vscode.Uri.joinPath(this.folder(chat.id), "chat.json");
      await vscode.workspace.fs.rename(part, file, { overwrite: true });
    };
    const mine = this.#writing.then(write);
    this.#writing = mine.catch(() => undefined);
    return mine;
  }

  /** The chat, or undefined when there is none that can be read. Answers cut by a reload count as stopped. */
  async load(id: string): Promise<Chat | undefined> {
    if (!/^[\w-]+$/.test(id)) return undefined;
    try {
      const bytes = await vscode.workspace.fs.readFile(vscode.Uri.joinPath(this.folder(id), "chat.json"));
      const chat = JSON.parse(new TextDecoder().decode(bytes)) as Chat;
      for (const message of chat.messages) if (message.state === "streaming") message.state = "stopped";
      return chat;
    } catch {
      return undefined;
    }
  }

  /** Newest first. */
  async list(): Promise<ChatSummary[]> {
    let entries: [string, vscode.FileType][] = [];
    try {
      entries = await vscode.workspace.fs.readDirectory(this.root);
    } catch {
      return [];
    }
    const chats = await Promise.all(entries.map(([name]) => this.load(name)));
    return chats
      .filter((chat) => chat !== undefined && chat.messages.length > 0)
      .map((chat) => ({ id: chat?.id ?? "", title: chat?.title ?? "", updated: chat?.updated ?? 0 }))
      .sort((a, b) => b.updated - a.updated);
  }

  async delete(id: string): Promise<void> {
    await this.#writing;
    if (/^[\w-]+$/.test(id)) await vscode.workspace.fs.delete(this.folder(id), { recursive: true });
  }
}

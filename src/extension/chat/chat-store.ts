/**
 * Chats on disk: one folder each, with `chat.json` and copies of its images, written as they change. Two windows may
 * have the same workspace, and even the same chat, open: what the other one wrote is taken in before writing.
 */
import { readFile } from "node:fs/promises";
import * as vscode from "vscode";
import type { ImagePart } from "../../shared/protocol";
import type {
  Answerer,
  ChatSummary,
  ContextKind,
  MessageState,
  Reading,
  ViewFailure,
} from "../../shared/view-protocol";
import type { Recipe } from "../illustrate/illustrator";
import { alone, isMissing, replaceFile, stampOf } from "../shared-file";
import type { TaskName } from "../tasks";
import { workspaceStorage } from "../workspace-storage";
import { type AnsweringWindow, isAnsweredElsewhere, isCut } from "./answering-window";
import { type KnownMessages, knownMessages, mergeMessages } from "./merge-messages";

export interface StoredImage {
  readonly id: string;
  readonly name: string;
  /** File name inside the chat's folder. */
  readonly file: string;
  readonly crop?: ImagePart | undefined;
  readonly reading?: Reading | undefined;
  /** Of a picture that was drawn. */
  readonly recipe?: Recipe | undefined;
}

export interface StoredContext {
  readonly id: string;
  readonly kind: ContextKind;
  readonly label: string;
  /** What is told to the model. */
  readonly text: string;
}

export interface StoredMessage {
  readonly id: string;
  readonly role: "user" | "assistant";
  text: string;
  /** What a command asked, while the text is still its own. */
  task?: TaskName | undefined;
  /** The drawn picture that is to be changed; else the one of the answer before. */
  changes?: string | undefined;
  images: StoredImage[];
  contexts: StoredContext[];
  state: MessageState;
  /** Of an answer in progress: where it is being written. */
  window?: AnsweringWindow | undefined;
  failure?: ViewFailure | undefined;
  model?: Answerer | undefined;
  notices: string[];
}

export interface Chat {
  readonly id: string;
  title: string;
  updated: number;
  messages: StoredMessage[];
  /** Of the question that is being written. */
  attachments: StoredImage[];
  contexts: StoredContext[];
  draft: string;
}

export const newChat = (): Chat => ({
  id: crypto.randomUUID(),
  title: "",
  updated: Date.now(),
  messages: [],
  attachments: [],
  contexts: [],
  draft: "",
});

export const newMessage = (
  role: StoredMessage["role"],
  text: string,
  images: StoredImage[],
  contexts: StoredContext[] = [],
): StoredMessage => ({ id: crypto.randomUUID(), role, text, images, contexts, state: "done", notices: [] });

/** A chat's file as this window last read or wrote it. */
interface Known {
  readonly stamp: string | undefined;
  readonly messages: KnownMessages;
}

const chatFile = "chat.json";
const safeName = /^[\w-]+(\.\w+)?$/;

export class ChatStore {
  readonly root: vscode.Uri;
  #writing: Promise<void> = Promise.resolve();
  /** Chats whose turn to be written has not come. */
  readonly #waiting = new Map<Chat, Promise<boolean>>();
  readonly #known = new Map<string, Known>();
  #summaries: Promise<Map<string, ChatSummary>> | undefined;
  readonly #deleted = new Set<string>();

  constructor(context: vscode.ExtensionContext) {
    this.root = vscode.Uri.joinPath(workspaceStorage(context), "chats");
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

  /**
   * Writes one after the other, each as it is by then.
   *
   * @returns whether the chat has changed by what another window wrote.
   */
  save(chat: Chat): Promise<boolean> {
    const waiting = this.#waiting.get(chat);
    if (waiting !== undefined) return waiting;
    const mine = this.#writing.then(() => {
      this.#waiting.delete(chat);
      return this.#write(chat);
    });
    this.#waiting.set(chat, mine);
    this.#writing = mine.then(
      () => undefined,
      () => undefined,
    );
    return mine;
  }

  async #write(chat: Chat): Promise<boolean> {
    const { id } = chat;
    const file = this.#file(id);
    // An answer in progress ends after its chat has been deleted: that must not bring the chat back.
    if (this.#deleted.has(id)) return false;
    const changed = await alone(file, async () => {
      if (await this.#goneMeanwhile(id)) return false;
      const merged = await this.takeIn(chat);
      const messages = knownMessages(chat.messages);
      await replaceFile(file, JSON.stringify(chat));
      this.#known.set(id, { stamp: await stampOf(file), messages });
      return merged;
    });
    const { title, updated, messages } = chat;
    if (messages.length > 0 && !this.#deleted.has(id)) (await this.#all()).set(id, { id, title, updated });
    return changed;
  }

  /** Whether another window has deleted the chat; from then on it counts as deleted here too. */
  async #goneMeanwhile(id: string): Promise<boolean> {
    if (!this.#known.has(id) || !(await isMissing(this.#file(id)))) return false;
    this.#deleted.add(id);
    (await this.#all()).delete(id);
    return true;
  }

  isDeleted({ id }: Chat): boolean {
    return this.#deleted.has(id);
  }

  /** Takes in what another window wrote. @returns whether the chat has changed by it. */
  async takeIn(chat: Chat): Promise<boolean> {
    const known = this.#known.get(chat.id);
    if (await this.#goneMeanwhile(chat.id)) return false;
    const stamp = await stampOf(this.#file(chat.id));
    if (stamp === undefined) return false;
    // A window that has ended writes no more: its answer is looked at again all the same.
    if (stamp === known?.stamp && !chat.messages.some(isAnsweredElsewhere)) return false;
    const theirs = await this.#read(chat.id);
    if (theirs === undefined) return false;
    const before = chat.messages;
    chat.messages = mergeMessages(before, theirs.messages, known?.messages ?? new Map());
    this.#known.set(chat.id, { stamp, messages: knownMessages(theirs.messages) });
    return chat.messages !== before;
  }

  #file(id: string): string {
    return vscode.Uri.joinPath(this.folder(id), chatFile).fsPath;
  }

  /** The chat, or undefined when there is none that can be read. Answers whose window has ended count as stopped. */
  async load(id: string): Promise<Chat | undefined> {
    const stamp = await stampOf(this.#file(id));
    const chat = await this.#read(id);
    if (chat !== undefined) this.#known.set(id, { stamp, messages: knownMessages(chat.messages) });
    return chat;
  }

  async #read(id: string): Promise<Chat | undefined> {
    if (!safeName.test(id)) return undefined;
    try {
      const text = await readFile(this.#file(id), "utf8");
      const chat = { ...newChat(), ...(JSON.parse(text) as Partial<Chat>), id };
      for (const message of chat.messages) {
        if (!isCut(message)) continue;
        message.state = "stopped";
        delete message.window;
      }
      const images = [...chat.attachments, ...chat.messages.flatMap((message) => message.images)];
      return images.every(({ file }) => safeName.test(file)) ? chat : undefined;
    } catch {
      return undefined;
    }
  }

  /** The chats in whose title or messages the text stands, newest first; all of them when it is empty. */
  async list(search = ""): Promise<readonly ChatSummary[]> {
    const all = [...(await this.#all()).values()].sort((a, b) => b.updated - a.updated);
    const wanted = search.trim().toLowerCase();
    if (wanted === "") return all;
    const found = await Promise.all(
      all.map(async ({ id }) => {
        const chat = await this.#read(id);
        const texts = [chat?.title ?? "", ...(chat?.messages.map(({ text }) => text) ?? [])];
        return texts.some((text) => text.toLowerCase().includes(wanted));
      }),
    );
    return all.filter((_, index) => found[index]);
  }

  async delete(id: string): Promise<void> {
    if (!safeName.test(id)) return;
    this.#deleted.add(id);
    await this.#writing;
    (await this.#all()).delete(id);
    await vscode.workspace.fs.delete(this.folder(id), { recursive: true });
  }

  /** Reads the list anew when it is asked for next: another window may have added to it. */
  forgetList(): void {
    this.#summaries = undefined;
  }

  /** Read from disk once; kept up to date by what is saved and deleted. */
  #all(): Promise<Map<string, ChatSummary>> {
    this.#summaries ??= this.#readSummaries();
    return this.#summaries;
  }

  async #readSummaries(): Promise<Map<string, ChatSummary>> {
    let entries: [string, vscode.FileType][];
    try {
      entries = await vscode.workspace.fs.readDirectory(this.root);
    } catch {
      return new Map();
    }
    const chats = await Promise.all(entries.map(([name]) => this.#read(name)));
    const kept = chats.filter((chat) => chat !== undefined && chat.messages.length > 0) as readonly Chat[];
    return new Map(kept.map(({ id, title, updated }) => [id, { id, title, updated }]));
  }
}

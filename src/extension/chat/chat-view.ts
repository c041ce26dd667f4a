/** The sidebar view: shows the session, and does what is asked in it. */
import * as vscode from "vscode";
import { FailureError } from "../../shared/failure";
import {
  type HostToView,
  isViewMessage,
  type ViewDrawing,
  type ViewImage,
  type ViewState,
  type ViewToHost,
} from "../../shared/view-protocol";
import { answeringServer } from "../answering-server";
import type { Explainer } from "../explainer";
import { showFailure } from "../failure-message";
import { takeStep } from "../failure-steps";
import type { Illustrations } from "../illustrate/commands";
import type { Recipe } from "../illustrate/illustrator";
import { saveAndTell } from "../illustrate/save-and-tell";
import { isImage, nameOf, readImage } from "../images";
import { activeImage, pickImages } from "../pick-images";
import type { TaskName } from "../tasks";
import { webviewPage } from "../webview-page";
import { newChat, type ChatStore, type StoredContext, type StoredImage } from "./chat-store";
import { ChatSession } from "./chat-session";
import { insertAtCursor, newFile } from "./editor-actions";
import { exportChat } from "./export-chat";
import { openLink } from "./open-link";
import { pickContexts } from "./question-context";
import { viewTexts } from "./view-texts";

const openChatKey = "openChat";
const textEveryMilliseconds = 50;

export interface ViewTools {
  readonly explainer: Explainer;
  readonly illustrations: Illustrations;
  readonly log: vscode.LogOutputChannel;
}

export class ChatView implements vscode.WebviewViewProvider {
  static readonly id = "miniGemini.chat";
  readonly session: ChatSession;
  readonly #context: vscode.ExtensionContext;
  readonly #log: vscode.LogOutputChannel;
  readonly #illustrations: Illustrations;
  readonly #restored: Promise<void>;
  /** One chat is filled after the other: two commands in quick succession must not mix their images. */
  #preparing: Promise<void> = Promise.resolve();
  #view: vscode.WebviewView | undefined;
  /** Where the focus goes as soon as the view can take it. */
  #focus: "question" | "chats" | undefined;
  #search = "";
  #saveFailed = false;
  /** The window closes: nothing can be shown or logged any more. */
  #ended = false;
  /** Text of an answer that waits to be sent to the view. */
  #waiting: { readonly message: string; text: string } | undefined;

  constructor(context: vscode.ExtensionContext, store: ChatStore, { explainer, illustrations, log }: ViewTools) {
    this.#context = context;
    this.#log = log;
    this.#illustrations = illustrations;
    const { illustrator } = illustrations;
    this.session = new ChatSession(
      store,
      { explainer, illustrator, log },
      {
        changed: () => {
          this.#showState();
          void this.#showChats();
        },
        text: (message, text) => {
          this.#text(message, text);
        },
        stage: (message, stage) => {
          this.#post({ kind: "stage", message, stage });
        },
        preview: (message, preview) => {
          this.#post({ kind: "preview", message, preview });
        },
        unsaved: (thrown) => {
          // Once, not with every word of an answer.
          if (this.#saveFailed || this.#ended) return;
          this.#saveFailed = true;
          const reason = thrown instanceof Error ? thrown.message : String(thrown);
          void showFailure(new FailureError({ code: "write-failed", file: store.root.fsPath, reason }), log);
        },
      },
    );
    this.#restored = this.#restore();
    const follow = (): void => {
      this.#showCurrentImage();
    };
    context.subscriptions.push(
      vscode.window.tabGroups.onDidChangeTabs(follow),
      vscode.window.tabGroups.onDidChangeTabGroups(follow),
      new vscode.Disposable(() => {
        this.#ended = true;
        this.session.stop();
      }),
    );
  }

  async resolveWebviewView(view: vscode.WebviewView): Promise<void> {
    this.#view = view;
    view.onDidDispose(() => {
      if (this.#view === view) this.#view = undefined;
    });
    await vscode.workspace.fs.createDirectory(this.session.store.root);
    const { extensionUri } = this.#context;
    view.webview.options = {
      enableScripts: true,
      localResourceRoots: [vscode.Uri.joinPath(extensionUri, "dist", "webview"), this.session.store.root],
    };
    view.webview.onDidReceiveMessage((value: unknown) => {
      if (!isViewMessage(value)) return;
      this.#receive(value).catch((thrown: unknown) => {
        if (!this.#ended) void showFailure(thrown, this.#log);
      });
    });
    view.webview.html = webviewPage(view.webview, extensionUri, { folder: ["webview"], texts: viewTexts() });
  }

  async reveal(focus: "question" | "chats" = "question"): Promise<void> {
    await this.#restored;
    this.#focus = focus;
    await vscode.commands.executeCommand(`${ChatView.id}.focus`);
    if (this.#view !== undefined) this.#post({ kind: "focus", on: focus });
  }

  /** Opens a fresh chat with these images; asks at once when there is a task. */
  async explain(images: readonly vscode.Uri[], task: TaskName | undefined): Promise<void> {
    let answered: Promise<void> | undefined;
    const prepared = this.#preparing.then(async () => {
      await this.startNewChat();
      await this.#attach(images);
      if (task !== undefined) answered = this.session.askTask(task);
    });
    this.#preparing = prepared.catch(() => undefined);
    await prepared;
    await answered;
  }

  async startNewChat(): Promise<void> {
    await this.reveal();
    this.session.open(newChat());
  }

  async exportOpenChat(): Promise<void> {
    await this.#restored;
    await this.#export(this.session.chat.id);
  }

  async #restore(): Promise<void> {
    const id = this.#context.workspaceState.get<string>(openChatKey);
    const chat = id === undefined ? undefined : await this.session.store.load(id);
    if (chat !== undefined) this.session.open(chat);
  }

  async #receive(message: ViewToHost): Promise<void> {
    const { session } = this;
    switch (message.kind) {
      case "ready":
        return this.#showAll();
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
        return this.#attach(message.addresses.map((address) => vscode.Uri.parse(address, true)));
      case "attach-pick":
        return this.#attach(await pickImages());
      case "attach-current": {
        const image = activeImage();
        return this.#attach(image === undefined ? await pickImages() : [image]);
      }
      case "refuse-file":
        throw unsupported(message.name);
      case "detach":
        session.detach(message.image);
        return;
      case "crop":
        session.crop(message.image, message.rectangle);
        return;
      case "save-picture":
        return this.#savePicture(message.image);
      case "same-again": {
        const picture = session.picture(message.image);
        if (picture === undefined) return;
        session.change(picture);
        this.#post({ kind: "draft", text: vscode.l10n.t("Same again, but ") });
        return;
      }
      case "add-context":
        session.addContexts(await pickContexts());
        return this.reveal();
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
      case "open-chat": {
        const chat = message.chat === session.chat.id ? undefined : await session.store.load(message.chat);
        if (chat !== undefined) session.open(chat);
        return;
      }
      case "rename-chat":
        return this.#rename(message.chat);
      case "delete-chat":
        return this.#delete(message.chat);
      case "export-chat":
        return this.#export(message.chat);
      case "search-chats":
        this.#search = message.text;
        return this.#showChats();
      case "choose-model":
        await vscode.commands.executeCommand("miniGemini.chooseModel");
        return;
      case "failure-step":
        return takeStep(message.step);
      case "show-log":
        this.#log.show();
        return;
    }
  }

  async #attach(images: readonly vscode.Uri[]): Promise<void> {
    const refused = images.find((image) => !isImage(image));
    for (const image of images.filter(isImage)) await this.session.attach(nameOf(image), await readImage(image));
    if (refused === undefined) return;
    throw unsupported(nameOf(refused));
  }

  async #savePicture(id: string): Promise<void> {
    const { store, chat } = this.session;
    const picture = this.session.picture(id);
    if (picture?.recipe === undefined) return;
    const { recipe } = picture;
    const png = await vscode.workspace.fs.readFile(store.file(chat.id, picture));
    await saveAndTell(this.#illustrations, { png, recipe }, { near: undefined, insert: false });
  }

  async #rename(id: string): Promise<void> {
    const chat = await this.#chat(id);
    if (chat === undefined) return;
    const title = await vscode.window.showInputBox({ value: chat.title, prompt: vscode.l10n.t("Name of the chat") });
    if (title === undefined || title.trim() === "") return this.reveal("chats");
    chat.title = title.trim().slice(0, 200);
    await this.session.store.save(chat);
    await this.#showChats();
    return this.reveal("chats");
  }

  async #delete(id: string): Promise<void> {
    const yes = vscode.l10n.t("Delete");
    const question = vscode.l10n.t("Delete this chat and its copies of images?");
    if ((await vscode.window.showWarningMessage(question, { modal: true }, yes)) !== yes) return;
    if (id === this.session.chat.id) this.session.open(newChat());
    await this.session.store.delete(id);
    await this.#showChats();
    return this.reveal("chats");
  }

  async #export(id: string): Promise<void> {
    const chat = await this.#chat(id);
    if (chat !== undefined && chat.messages.length > 0) return exportChat(chat, this.session.store);
    void vscode.window.showInformationMessage(vscode.l10n.t("There is nothing to export yet."));
  }

  async #chat(id: string): ReturnType<ChatStore["load"]> {
    return id === this.session.chat.id ? this.session.chat : this.session.store.load(id);
  }

  async #showAll(): Promise<void> {
    await this.#restored;
    this.#showState();
    this.#showCurrentImage();
    await this.#showChats();
    if (this.#focus !== undefined) this.#post({ kind: "focus", on: this.#focus });
    this.#focus = undefined;
  }

  #showState(): void {
    const { chat, store, busy, stage } = this.session;
    this.#sendText();
    void this.#context.workspaceState.update(openChatKey, chat.id);
    const webview = this.#view?.webview;
    if (webview === undefined) return;
    const image = ({ id, name, file, crop, reading, recipe }: StoredImage): ViewImage => ({
      id,
      name,
      crop,
      reading,
      drawing: recipe === undefined ? undefined : drawingOf(recipe),
      source: webview.asWebviewUri(vscode.Uri.joinPath(store.folder(chat.id), file)).toString(),
    });
    const context = ({ id, kind, label }: StoredContext): ViewState["contexts"][number] => ({ id, kind, label });
    const state: ViewState = {
      chat: chat.id,
      messages: chat.messages.map((message) => ({
        ...message,
        images: message.images.map(image),
        contexts: message.contexts.map(context),
      })),
      attachments: chat.attachments.map(image),
      contexts: chat.contexts.map(context),
      busy,
      stage,
      server: answeringServer() ?? null,
    };
    this.#post({ kind: "state", state });
  }

  async #showChats(): Promise<void> {
    const search = this.#search;
    const chats = await this.session.store.list(search);
    if (search === this.#search) this.#post({ kind: "chats", search, chats });
  }

  /** Sends streamed text in portions: a message for each token would keep a slow view busy. */
  #text(message: string, text: string): void {
    if (this.#waiting?.message === message) {
      this.#waiting.text += text;
      return;
    }
    this.#sendText();
    const waiting = { message, text };
    this.#waiting = waiting;
    setTimeout(() => {
      if (this.#waiting === waiting) this.#sendText();
    }, textEveryMilliseconds);
  }

  #sendText(): void {
    if (this.#waiting !== undefined) this.#post({ kind: "text", ...this.#waiting });
    this.#waiting = undefined;
  }

  #showCurrentImage(): void {
    const image = activeImage();
    this.#post({ kind: "current-image", name: image === undefined ? null : nameOf(image) });
  }

  #post(message: HostToView): void {
    void this.#view?.webview.postMessage(message);
  }
}

const drawingOf = ({ form, width, height, model, embedded }: Recipe): ViewDrawing => ({
  ...{ prompt: form.prompt, seed: form.seed ?? 0, width, height, model, embedded },
});

const unsupported = (image: string): FailureError =>
  new FailureError({ code: "image-unsupported", image, found: /\.[^.]*$/.exec(image)?.[0] ?? "-" });

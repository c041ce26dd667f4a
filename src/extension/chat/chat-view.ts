/** The sidebar view: shows the session, and does what is asked in it. */
import * as vscode from "vscode";
import { type HostToView, isViewMessage, type ViewState, type ViewToHost } from "../../shared/view-protocol";
import type { Explainer } from "../explainer";
import { showFailure } from "../failure-message";
import { isImage, nameOf, readImage } from "../images";
import { activeImage, pickImages } from "../pick-images";
import type { TaskName } from "../tasks";
import { contextText } from "./context-text";
import { exportChat } from "./export-chat";
import { newChat, type ChatStore, type StoredImage } from "./chat-store";
import { ChatSession } from "./chat-session";
import { openLink } from "./open-link";
import { viewHtml } from "./view-html";

const openChatKey = "openChat";

export class ChatView implements vscode.WebviewViewProvider {
  static readonly id = "miniGemini.chat";
  readonly session: ChatSession;
  readonly #context: vscode.ExtensionContext;
  readonly #log: vscode.LogOutputChannel;
  readonly #restored: Promise<void>;
  #view: vscode.WebviewView | undefined;
  #prompt: string | undefined;

  constructor(context: vscode.ExtensionContext, store: ChatStore, explainer: Explainer, log: vscode.LogOutputChannel) {
    this.#context = context;
    this.#log = log;
    this.session = new ChatSession(store, explainer, log, {
      changed: () => {
        this.#showState().catch((error: unknown) => void showFailure(error, log));
      },
      text: (message, text) => {
        this.#post({ kind: "text", message, text });
      },
      stage: (message, text, fraction) => {
        this.#post({ kind: "stage", message, text, fraction });
      },
    });
    this.#restored = this.#restore();
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
      this.#receive(value).catch((thrown: unknown) => void showFailure(thrown, this.#log));
    });
    view.webview.html = viewHtml(view.webview, extensionUri);
  }

  async reveal(): Promise<void> {
    await this.#restored;
    await vscode.commands.executeCommand(`${ChatView.id}.focus`);
  }

  /** Opens a fresh chat with these images; asks at once when there is a task. */
  async explain(images: readonly vscode.Uri[], task: TaskName | undefined): Promise<void> {
    await this.reveal();
    await this.session.open(newChat());
    for (const image of images) await this.session.attach(nameOf(image), await readImage(image));
    if (task !== undefined) await this.session.askTask(task);
  }

  async startNewChat(): Promise<void> {
    await this.reveal();
    await this.session.open(newChat());
  }

  async #restore(): Promise<void> {
    const id = this.#context.workspaceState.get<string>(openChatKey);
    const chat = id === undefined ? undefined : await this.session.store.load(id);
    if (chat !== undefined) await this.session.open(chat);
  }

  async #receive(message: ViewToHost): Promise<void> {
    const { session } = this;
    switch (message.kind) {
      case "ready":
        await this.#restored;
        await this.#showState();
        if (this.#prompt !== undefined) this.#post({ kind: "prompt", text: this.#prompt });
        this.#prompt = undefined;
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
        return this.#attach(message.addresses.map((address) => vscode.Uri.parse(address, true)).filter(isImage));
      case "attach-pick":
        return this.#attach(await pickImages());
      case "attach-current": {
        const current = activeImage();
        return this.#attach(current === undefined ? await pickImages() : [current]);
      }
      case "detach":
        return session.detach(message.image);
      case "crop":
        return session.crop(message.image, message.rectangle);
      case "copy":
        await vscode.env.clipboard.writeText(message.text);
        return;
      case "insert": {
        const editor = vscode.window.activeTextEditor ?? vscode.window.visibleTextEditors[0];
        if (editor === undefined) await vscode.workspace.openTextDocument({ content: message.text }).then(show);
        else
          await editor.edit((edit) => {
            edit.replace(editor.selection, message.text);
          });
        return;
      }
      case "new-file":
        await newFile(message.text, message.language);
        return;
      case "open-link":
        return openLink(message.target);
      case "new-chat":
        return session.open(newChat());
      case "open-chat": {
        const chat = await session.store.load(message.chat);
        return chat === undefined ? undefined : session.open(chat);
      }
      case "rename-chat":
        return this.#rename(message.chat);
      case "delete-chat":
        return this.#delete(message.chat);
      case "export-chat":
        return exportChat(session.chat, session.store);
      case "context": {
        const text = contextText(message.context);
        if (text === undefined) {
          void vscode.window.showInformationMessage(vscode.l10n.t("There is nothing to add: open a file first."));
        } else this.#post({ kind: "prompt", text });
        return;
      }
      case "choose-model":
        await vscode.commands.executeCommand("miniGemini.chooseModel");
        return;
      case "show-log":
        this.#log.show();
        return;
    }
  }

  async #attach(images: readonly vscode.Uri[]): Promise<void> {
    for (const image of images) await this.session.attach(nameOf(image), await readImage(image));
  }

  async #rename(id: string): Promise<void> {
    const chat = id === this.session.chat.id ? this.session.chat : await this.session.store.load(id);
    if (chat === undefined) return;
    const title = await vscode.window.showInputBox({ value: chat.title, prompt: vscode.l10n.t("Name of the chat") });
    if (title === undefined || title.trim() === "") return;
    chat.title = title.trim().slice(0, 200);
    await this.session.store.save(chat);
    await this.#showState();
  }

  async #delete(id: string): Promise<void> {
    const yes = vscode.l10n.t("Delete");
    const question = vscode.l10n.t("Delete this chat and its copies of images?");
    if ((await vscode.window.showWarningMessage(question, { modal: true }, yes)) !== yes) return;
    if (id === this.session.chat.id) await this.session.open(newChat());
    await this.session.store.delete(id);
    await this.#showState();
  }

  async #showState(): Promise<void> {
    const { chat, store, busy } = this.session;
    await this.#context.workspaceState.update(openChatKey, chat.id);
    const history = await store.list();
    const webview = this.#view?.webview;
    if (webview === undefined || chat !== this.session.chat) return;
    const image = ({ id, name, file, crop, reading }: StoredImage): ViewState["attachments"][number] => ({
      id,
      name,
      crop,
      reading,
      source: webview.asWebviewUri(vscode.Uri.joinPath(store.folder(chat.id), file)).toString(),
    });
    const state: ViewState = {
      chat: { id: chat.id, title: chat.title, updated: chat.updated },
      messages: chat.messages.map((message) => ({ ...message, images: message.images.map(image) })),
      attachments: chat.attachments.map(image),
      history,
      busy: busy,
    };
    this.#post({ kind: "state", state });
  }

  #post(message: HostToView): void {
    void this.#view?.webview.postMessage(message);
  }
}

const show = async (document: vscode.TextDocument): Promise<void> => {
  await vscode.window.showTextDocument(document);
};

async function newFile(content: string, language: string): Promise<void> {
  const known = await vscode.languages.getLanguages();
  const options = known.includes(language) ? { content, language } : { content };
  await show(await vscode.workspace.openTextDocument(options));
}

/** The view in the side bar: shows the session, and passes on what is asked in it. */
import * as vscode from "vscode";
import { FailureError } from "../../shared/failure";
import { type HostToView, isViewMessage, type ViewToHost } from "../../shared/view-protocol";
import type { Explainer } from "../explainer";
import { showFailure } from "../failure-message";
import type { Illustrations } from "../illustrate/commands";
import { nameOf } from "../images";
import { activeImage } from "../pick-images";
import type { TaskName } from "../tasks";
import { webviewPage } from "../webview-page";
import { ChatList } from "./chat-list";
import { ChatSession } from "./chat-session";
import { type ChatStore, newChat } from "./chat-store";
import { TextPortions } from "./text-portions";
import { attachFiles, fulfil } from "./view-requests";
import { viewStateOf } from "./view-state";
import { viewTexts } from "./view-texts";

const openChatKey = "openChat";

export interface ViewTools {
  readonly explainer: Explainer;
  readonly illustrations: Illustrations;
  readonly log: vscode.LogOutputChannel;
}

export class ChatView implements vscode.WebviewViewProvider {
  static readonly id = "miniGemini.chat";
  readonly session: ChatSession;
  readonly #context: vscode.ExtensionContext;
  readonly #tools: ViewTools;
  readonly #list: ChatList;
  readonly #restored: Promise<void>;
  readonly #portions = new TextPortions((message, text) => {
    this.#post({ kind: "text", message, text });
  });
  /** One chat is filled after the other: two commands in quick succession must not mix their images. */
  #preparing: Promise<void> = Promise.resolve();
  #view: vscode.WebviewView | undefined;
  /** Where the focus goes as soon as the view can take it. */
  #focus: "question" | "chats" | undefined;
  #saveFailed = false;
  /** The window closes: nothing can be shown or logged any more. */
  #ended = false;

  constructor(context: vscode.ExtensionContext, store: ChatStore, tools: ViewTools) {
    this.#context = context;
    this.#tools = tools;
    const { explainer, illustrations, log } = tools;
    this.session = new ChatSession(
      store,
      { explainer, illustrator: illustrations.illustrator, log },
      {
        changed: () => {
          this.#showState();
          void this.#list.show();
        },
        text: (message, text) => {
          this.#portions.add(message, text);
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
        gone: () => {
          void vscode.window.showInformationMessage(vscode.l10n.t("This chat was deleted in another window."));
        },
      },
    );
    this.#list = new ChatList(this.session, {
      post: (message) => {
        this.#post(message);
      },
      reveal: () => this.reveal("chats"),
    });
    this.#restored = this.#restore();
    const follow = (): void => {
      this.#showCurrentImage();
    };
    context.subscriptions.push(
      vscode.window.tabGroups.onDidChangeTabs(follow),
      vscode.window.tabGroups.onDidChangeTabGroups(follow),
      // Where questions go must show before the first of them.
      vscode.workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration("miniGemini.engine.server")) this.#showState();
      }),
      vscode.window.onDidChangeWindowState(({ focused }) => {
        if (!focused) return;
        store.forgetList();
        void this.session.refresh().then(() => this.#list.show());
      }),
      new vscode.Disposable(() => {
        this.#ended = true;
        this.session.end();
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
      if (isViewMessage(value)) void this.#receive(value);
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
      await attachFiles(this.session, images);
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
    await this.#list.export(this.session.chat.id);
  }

  async #restore(): Promise<void> {
    const id = this.#context.workspaceState.get<string>(openChatKey);
    const chat = id === undefined ? undefined : await this.session.store.load(id);
    if (chat !== undefined) this.session.open(chat);
  }

  async #receive(message: ViewToHost): Promise<void> {
    const { illustrations, log } = this.#tools;
    try {
      await fulfil(message, {
        session: this.session,
        list: this.#list,
        illustrations,
        log,
        post: (told) => {
          this.#post(told);
        },
        ready: () => this.#showAll(),
        reveal: () => this.reveal(),
      });
    } catch (thrown) {
      if (!this.#ended) void showFailure(thrown, log);
    }
  }

  async #showAll(): Promise<void> {
    await this.#restored;
    this.#showState();
    this.#showCurrentImage();
    await this.#list.show();
    if (this.#focus !== undefined) this.#post({ kind: "focus", on: this.#focus });
    this.#focus = undefined;
  }

  #showState(): void {
    // What is told of an answer's text goes before the state that holds it.
    this.#portions.sendNow();
    void this.#context.workspaceState.update(openChatKey, this.session.chat.id);
    const webview = this.#view?.webview;
    if (webview !== undefined) this.#post({ kind: "state", state: viewStateOf(this.session, webview) });
  }

  #showCurrentImage(): void {
    const image = activeImage();
    this.#post({ kind: "current-image", name: image === undefined ? null : nameOf(image) });
  }

  #post(message: HostToView): void {
    void this.#view?.webview.postMessage(message);
  }
}

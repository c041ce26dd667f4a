/** The panel in which a person asks for pictures, sees them come, and saves what is good. One at a time. */
import * as vscode from "vscode";
import { failureOf } from "../../shared/failure";
import {
  emptyForm,
  type HostToPanel,
  type IllustrationForm,
  isIllustrationForm,
  isPanelMessage,
  type PanelState,
  type PanelToHost,
} from "../../shared/illustration-protocol";
import { failureMessage, showFailure } from "../failure-message";
import { iconIn } from "../icon";
import { nameOf, readImage } from "../images";
import { pickImages } from "../pick-images";
import { webviewPage } from "../webview-page";
import type { Illustrator } from "./illustrator";
import type { ReferenceTarget } from "./insert-reference";
import { panelTexts } from "./panel-texts";
import { fileOf, type PictureStore } from "./picture-store";
import { saveAndTell } from "./save-and-tell";

export interface PanelContext {
  readonly context: vscode.ExtensionContext;
  readonly illustrator: Illustrator;
  readonly store: PictureStore;
  readonly target: ReferenceTarget;
  readonly log: vscode.LogOutputChannel;
}

export interface PanelRequest {
  /** Stands in the field where it is not empty. */
  readonly prompt: string;
  /** Where saving begins. */
  readonly folder: vscode.Uri | undefined;
}

const formKey = "illustrationForm";

export class IllustrationPanel implements vscode.Disposable {
  readonly #given: PanelContext;
  readonly #subscriptions: vscode.Disposable[];
  #panel: vscode.WebviewPanel | undefined;
  #fill: IllustrationForm = emptyForm;
  #folder: vscode.Uri | undefined;
  #stop: AbortController | undefined;
  #failure: PanelState["failure"] = null;

  constructor(given: PanelContext) {
    this.#given = given;
    this.#subscriptions = [
      given.target.onChange(() => {
        this.#show();
      }),
      vscode.workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration("miniGemini.illustrations")) this.#show();
      }),
    ];
  }

  /** Shows the panel with this request in its form. */
  open({ prompt, folder }: PanelRequest): void {
    const last = this.#given.context.workspaceState.get<unknown>(formKey);
    const form = isIllustrationForm(last) ? last : emptyForm;
    this.#fill = { ...form, seed: null, ...(prompt === "" ? {} : { prompt }) };
    this.#folder = folder;
    if (this.#panel === undefined) this.#create();
    else {
      this.#panel.reveal();
      this.#post({ kind: "fill", form: this.#fill });
    }
  }

  dispose(): void {
    this.#stop?.abort();
    this.#panel?.dispose();
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  #create(): void {
    const { context, store, log } = this.#given;
    const panel = vscode.window.createWebviewPanel(
      "miniGemini.illustration",
      vscode.l10n.t("Illustration"),
      vscode.ViewColumn.Beside,
      {
        enableScripts: true,
        localResourceRoots: [vscode.Uri.joinPath(context.extensionUri, "dist", "webview"), store.root],
      },
    );
    this.#panel = panel;
    panel.iconPath = iconIn(context.extensionUri);
    panel.onDidDispose(() => {
      // Nobody would see what is drawn on.
      this.#stop?.abort();
      this.#panel = undefined;
    });
    panel.webview.onDidReceiveMessage((value: unknown) => {
      if (!isPanelMessage(value)) return;
      this.#receive(value).catch((thrown: unknown) => void showFailure(thrown, log));
    });
    panel.webview.html = webviewPage(panel.webview, context.extensionUri, {
      folder: ["webview", "illustration"],
      texts: panelTexts(),
    });
  }

  async #receive(message: PanelToHost): Promise<void> {
    const { store, log } = this.#given;
    switch (message.kind) {
      case "ready":
        this.#post({ kind: "fill", form: this.#fill });
        await this.#showState();
        return;
      case "generate":
        return this.#generate(message.form);
      case "stop":
        this.#stop?.abort();
        return;
      case "choose-start":
        return this.#chooseStart();
      case "save":
      case "insert":
        await this.#save(message.picture, message.kind === "insert");
        return;
      case "remove":
        await store.remove(message.picture);
        await this.#showState();
        return;
      case "choose-model":
        await vscode.commands.executeCommand("miniGemini.chooseIllustrationModel");
        return;
      case "show-log":
        log.show();
        return;
    }
  }

  async #chooseStart(): Promise<void> {
    const [image] = await pickImages();
    if (image === undefined) return;
    const name = nameOf(image);
    const file = await this.#given.store.addStart(name, await readImage(image));
    this.#post({ kind: "start", start: { file, name } });
  }

  async #generate(form: IllustrationForm): Promise<void> {
    if (this.#stop !== undefined) return;
    const { illustrator, store, context, log } = this.#given;
    const stop = new AbortController();
    this.#stop = stop;
    this.#failure = null;
    // Hidden and shown again, the panel asks for its form: what was asked for, not what the command had filled in.
    this.#fill = form;
    await context.workspaceState.update(formKey, form);
    await this.#showState();
    try {
      await illustrator.draw(form, {
        signal: stop.signal,
        onProgress: (text, fraction) => {
          this.#post({ kind: "progress", text, fraction });
        },
        onPreview: (preview) => {
          this.#post({ kind: "preview", preview });
        },
        onPicture: async (picture) => {
          await store.add(picture);
          await this.#showState();
        },
      });
      this.#post({ kind: "announce", text: vscode.l10n.t("The pictures are ready.") });
    } catch (thrown) {
      const failure = failureOf(thrown);
      log.error(failure.code === "bug" ? (failure.stack ?? failure.message) : JSON.stringify(failure));
      this.#failure = failureMessage(failure);
    } finally {
      this.#stop = undefined;
      await this.#showState();
    }
  }

  async #save(id: string, insert: boolean): Promise<void> {
    const { illustrator, store, target } = this.#given;
    const picture = await store.read(id);
    if (picture === undefined) return;
    const saved = await saveAndTell({ illustrator, target }, picture, { near: this.#folder, insert });
    if (saved === undefined) return;
    // The next picture begins where this one went.
    this.#folder = vscode.Uri.joinPath(saved, "..");
    const name = vscode.workspace.asRelativePath(saved);
    await store.markSaved(id, name);
    await this.#showState();
  }

  #show(): void {
    this.#showState().catch((thrown: unknown) => void showFailure(thrown, this.#given.log));
  }

  async #showState(): Promise<void> {
    const { illustrator, store, target } = this.#given;
    const [pictures, model] = await Promise.all([store.list(), illustrator.model()]);
    const webview = this.#panel?.webview;
    if (webview === undefined) return;
    this.#post({
      kind: "state",
      state: {
        folder: webview.asWebviewUri(store.root).toString(),
        pictures: pictures.map(({ id, recipe, saved }) => ({
          ...recipe,
          id,
          saved,
          file: fileOf(id),
          source: webview.asWebviewUri(store.file(id)).toString(),
        })),
        busy: this.#stop !== undefined,
        model,
        failure: this.#failure,
        document: target.document === undefined ? null : vscode.workspace.asRelativePath(target.document.uri),
      },
    });
  }

  #post(message: HostToPanel): void {
    void this.#panel?.webview.postMessage(message);
  }
}

/** The commands about models. Called from the palette, those of the Models view ask which model they are for. */
import * as vscode from "vscode";
import { failureOf } from "../../shared/failure";
import { catalogue, type CatalogueEntry } from "../../shared/model-catalogue";
import { failureMessage, logFailure } from "../failure-message";
import { takeStep } from "../failure-steps";
import { libraryFolders } from "../settings";
import { chooseModel } from "./choose-model";
import { chooseFolder, chosenFolder, purposeOf } from "./chosen-model";
import { setHubToken } from "./hub-token";
import { installModels } from "./install-models";
import { type Action, type ModelNode, viewOf } from "./model-node";
import type { Models, OwnFolder } from "./models";

export interface ModelCommandContext {
  readonly models: Models;
  readonly extension: vscode.ExtensionContext;
  readonly log: vscode.LogOutputChannel;
  /** Told before another model is chosen: an engine that was given up is tried again. */
  readonly onChoose: () => void;
}

export class ModelCommands {
  readonly #context: ModelCommandContext;

  constructor(context: ModelCommandContext) {
    this.#context = context;
  }

  register(): vscode.Disposable {
    const { models, log, onChoose } = this.#context;
    const choose = { models, log, onChoose, pickFolder: () => this.#pickFolder() };
    const commands: Readonly<Record<string, (node: unknown) => Promise<void>>> = {
      chooseModel: () => chooseModel("explain", choose),
      chooseIllustrationModel: () => chooseModel("draw", choose),
      "models.get": this.#withEntry("get", (entry) => this.get(entry)),
      "models.resume": this.#withEntry("resume", (entry) => this.get(entry)),
      "models.pause": this.#withEntry("pause", ({ id }) => {
        models.pause(id);
        return Promise.resolve();
      }),
      "models.cancel": this.#withEntry("cancel", (entry) => this.#cancel(entry)),
      "models.verify": this.#withEntry("verify", (entry) => this.#verify(entry)),
      "models.delete": this.#withEntry("delete", (entry) => this.#delete(entry)),
      "models.openLicence": this.#withEntry("openLicence", async ({ licence }) => {
        await vscode.env.openExternal(vscode.Uri.parse(licence.address, true));
      }),
      "models.use": (node) => this.#use(node),
      "models.openFolder": (node) => this.#openFolder(node),
      "models.forget": (node) => this.#forget(node),
      "models.useFolder": () => this.#useFolder(),
      "models.install": () => installModels(models),
      "models.setToken": async () => {
        await setHubToken(this.#context.extension);
      },
      "models.refresh": () => models.refresh(),
    };
    return vscode.Disposable.from(
      ...Object.entries(commands).map(([name, run]) =>
        vscode.commands.registerCommand(`miniGemini.${name}`, async (node: unknown) => {
          try {
            await run(node);
          } catch (thrown) {
            await this.failed(thrown);
          }
        }),
      ),
    );
  }

  /** Fetches a model and offers to use it. */
  async get({ id, kind }: CatalogueEntry): Promise<void> {
    const { models } = this.#context;
    try {
      await models.get(id);
    } catch (thrown) {
      await this.failed(thrown, id);
      return;
    }
    const use = vscode.l10n.t("Use It");
    const state = models.onDisk(id)?.state;
    if (state?.kind !== "ready" || state.folder === chosenFolder(purposeOf(kind))) return;
    const message = vscode.l10n.t("{model} is ready.", { model: id });
    if ((await vscode.window.showInformationMessage(message, use)) === use) await this.#choose(kind, state.folder);
  }

  /** One notification for a failure, with the next step as a button. */
  async failed(thrown: unknown, model?: string): Promise<void> {
    const failure = failureOf(thrown);
    if (failure.code === "cancelled") return;
    logFailure(this.#context.log, failure);
    const { message, advice, steps = [] } = failureMessage(failure);
    const [resume, showLog] = [vscode.l10n.t("Resume"), vscode.l10n.t("Show Log")];
    // Setting the token resumes by itself; a notification has room for three buttons.
    const again = model === undefined || steps.some(({ step }) => step === "set-access-token") ? [] : [resume];
    const text = vscode.l10n.t("{message} {advice}", { message, advice }).trim();
    const labels = steps.map(({ label }) => label);
    const chosen = await vscode.window.showErrorMessage(text, ...labels, ...again, showLog);
    if (chosen === showLog) this.#context.log.show();
    const step = steps.find(({ label }) => label === chosen)?.step;
    const tokenSet = step === "set-access-token" && (await setHubToken(this.#context.extension));
    if (step !== undefined && step !== "set-access-token") await takeStep(step);
    const entry = catalogue.find(({ id }) => id === model);
    const goOn = chosen === resume || tokenSet;
    if (goOn && entry !== undefined) await this.get(entry);
  }

  async #cancel({ id }: CatalogueEntry): Promise<void> {
    const { models } = this.#context;
    const discard = vscode.l10n.t("Discard");
    const question = vscode.l10n.t("Stop getting {model} and delete what has arrived of it?", { model: id });
    if ((await vscode.window.showWarningMessage(question, { modal: true }, discard)) !== discard) return;
    models.pause(id);
    await models.ended(id);
    await models.remove(id);
  }

  async #verify({ id }: CatalogueEntry): Promise<void> {
    const { models } = this.#context;
    try {
      await models.verify(id);
      void vscode.window.showInformationMessage(vscode.l10n.t("{model} is what was published.", { model: id }));
    } catch (thrown) {
      await this.failed(thrown, id);
    }
  }

  async #delete({ id, kind }: CatalogueEntry): Promise<void> {
    const { models } = this.#context;
    const yes = vscode.l10n.t("Delete");
    const question = vscode.l10n.t("Delete {model} from this machine?", { model: id });
    const options = { modal: true, detail: vscode.l10n.t("It can be fetched again.") };
    if ((await vscode.window.showWarningMessage(question, options, yes)) !== yes) return;
    const state = models.onDisk(id)?.state;
    await models.remove(id);
    const purpose = purposeOf(kind);
    if (state?.kind === "ready" && chosenFolder(purpose) === state.folder) await chooseFolder(purpose, "");
  }

  async #use(value: unknown): Promise<void> {
    if (isNode(value) && value.kind === "embedded") {
      this.#context.onChoose();
      return chooseFolder(value.purpose, "");
    }
    if (isNode(value) && value.kind === "folder") return this.#choose(value.own.kind, value.own.folder);
    const entry = await this.#entry(value, "use");
    const state = entry === undefined ? undefined : this.#context.models.onDisk(entry.id)?.state;
    if (entry !== undefined && state?.kind === "ready") await this.#choose(entry.kind, state.folder);
  }

  async #choose(kind: Parameters<typeof purposeOf>[0], folder: string): Promise<void> {
    this.#context.onChoose();
    await chooseFolder(purposeOf(kind), folder);
  }

  async #openFolder(value: unknown): Promise<void> {
    let folder: string | undefined = libraryFolders(this.#context.extension).modelsRoot;
    if (isNode(value) && value.kind === "folder") ({ folder } = value.own);
    if (isNode(value) && value.kind === "model") {
      const state = this.#context.models.onDisk(value.entry.id)?.state;
      if (state?.kind === "ready") ({ folder } = state);
    }
    const uri = vscode.Uri.file(folder);
    // A folder of another machine cannot be shown by this one's file manager.
    if (vscode.env.remoteName === undefined) await vscode.commands.executeCommand("revealFileInOS", uri);
    else await vscode.commands.executeCommand("vscode.openFolder", uri, { forceNewWindow: true });
  }

  async #forget(value: unknown): Promise<void> {
    if (!isNode(value) || value.kind !== "folder") return;
    const { folder, kind } = value.own;
    await this.#context.models.forgetFolder(folder);
    if (chosenFolder(purposeOf(kind)) === folder) await chooseFolder(purposeOf(kind), "");
  }

  async #useFolder(): Promise<void> {
    const own = await this.#pickFolder();
    if (own !== undefined) await this.#choose(own.kind, own.folder);
  }

  /** @throws FailureError of what is wrong with the folder. */
  async #pickFolder(): Promise<OwnFolder | undefined> {
    const title = vscode.l10n.t("Choose the Folder of a Model");
    const options = {
      title,
      canSelectFolders: true,
      canSelectFiles: false,
      openLabel: vscode.l10n.t("Use This Folder"),
    };
    const [picked] = (await vscode.window.showOpenDialog(options)) ?? [];
    return picked === undefined ? undefined : this.#context.models.useFolder(picked.fsPath);
  }

  #withEntry(action: Action, run: (entry: CatalogueEntry) => Promise<void>): (value: unknown) => Promise<void> {
    return async (value) => {
      const entry = await this.#entry(value, action);
      if (entry !== undefined) await run(entry);
    };
  }

  /** The model that a command is for: that of the menu, or one of those that it can be done with. */
  async #entry(value: unknown, action: Action): Promise<CatalogueEntry | undefined> {
    if (isNode(value) && value.kind === "model") return value.entry;
    const { models } = this.#context;
    await models.refresh();
    const views = catalogue.map((entry) => ({ entry, view: viewOf(entry, models) }));
    const items = views
      .filter(({ view }) => view.actions.includes(action))
      .map(({ entry, view }) => ({ label: entry.id, description: view.description, entry }));
    if (items.length === 0) {
      void vscode.window.showInformationMessage(vscode.l10n.t("There is no model that this can be done with now."));
      return undefined;
    }
    return (await vscode.window.showQuickPick(items, { title: vscode.l10n.t("Choose a Model") }))?.entry;
  }
}

function isNode(value: unknown): value is ModelNode {
  return typeof value === "object" && value !== null && "kind" in value && typeof value.kind === "string";
}

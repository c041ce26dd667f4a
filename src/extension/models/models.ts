/**
 * The models as the host knows them: what is on disk, what is being done, what failed. The library's process does the
 * work; views and commands ask here.
 */
import { isDeepStrictEqual } from "node:util";
import * as vscode from "vscode";
import { type Failure, failureOf } from "../../shared/failure";
import type {
  HostToLibrary,
  InspectedFolder,
  InstalledFolder,
  LibraryPart,
  MachineFacts,
  ModelOnDisk,
} from "../../shared/library-protocol";
import { catalogueEntry } from "../../shared/model-catalogue";
import { recommendedModel } from "../../shared/model-fit";
import type { Params } from "../../shared/peer";
import { downloadSettings, keepsPublished, libraryFolders, precision } from "../settings";
import type { LibraryProcess } from "./library-process";
import { hubToken } from "./hub-token";

export type TaskKind = "get" | "verify" | "remove";

export interface ModelTask {
  readonly kind: TaskKind;
  readonly part: LibraryPart | undefined;
  /** Asked to stop, and not yet at its end. */
  readonly stopping: boolean;
}

interface RunningTask extends ModelTask {
  readonly controller: AbortController;
  readonly ended: Promise<void>;
}

/** A folder that the person uses in place. */
export interface OwnFolder {
  readonly folder: string;
  readonly kind: InspectedFolder["kind"];
}

const ownFoldersKey = "models.ownFolders";
/** Another window's work is looked at this often while the view shows. */
const lookMilliseconds = 3_000;
/** A row that is drawn anew loses the click under way: progress is shown no more often than this. */
const showMilliseconds = 1_500;

export class Models implements vscode.Disposable {
  readonly #context: vscode.ExtensionContext;
  readonly #library: LibraryProcess;
  readonly #changed = new vscode.EventEmitter<string | undefined>();
  readonly #tasks = new Map<string, RunningTask>();
  readonly #failures = new Map<string, Failure>();
  #disk = new Map<string, ModelOnDisk>();
  #machine: MachineFacts | undefined;
  #watching = false;
  #look: NodeJS.Timeout | undefined;

  /** With the model that changed; undefined for all. */
  readonly onChange = this.#changed.event;

  constructor(context: vscode.ExtensionContext, library: LibraryProcess) {
    this.#context = context;
    this.#library = library;
  }

  get machine(): MachineFacts | undefined {
    return this.#machine;
  }

  get recommended(): string | undefined {
    return this.#machine === undefined ? undefined : recommendedModel(precision(), this.#machine);
  }

  onDisk(model: string): ModelOnDisk | undefined {
    return this.#disk.get(model);
  }

  task(model: string): ModelTask | undefined {
    return this.#tasks.get(model);
  }

  /** What ended the last task of a model. */
  failure(model: string): Failure | undefined {
    return this.#failures.get(model);
  }

  get ownFolders(): readonly OwnFolder[] {
    return this.#context.globalState.get<readonly OwnFolder[]>(ownFoldersKey, []);
  }

  /** Reads everything anew. @throws FailureError of the library. */
  async refresh(): Promise<void> {
    const folders = libraryFolders(this.#context);
    const [machine, list] = await Promise.all([
      this.#library.call("machine", { folder: folders.modelsRoot }),
      this.#library.call("list", folders),
    ]);
    const before = this.#machine;
    const changed = list.filter((one) => !isDeepStrictEqual(one, this.#disk.get(one.model)));
    this.#machine = machine;
    this.#disk = new Map(list.map((one) => [one.model, one]));
    // Only what changed is told: rows that are drawn anew lose the click that is just under way.
    if (before === undefined || !isSameMachine(before, machine)) this.#changed.fire(undefined);
    else for (const { model } of changed) this.#changed.fire(model);
    this.#lookAgain();
  }

  /** While something shows the models, other windows' work is looked at too. */
  watch(watching: boolean): void {
    this.#watching = watching;
    this.#lookAgain();
  }

  /** Fetches and prepares a model, or goes on with it. @throws FailureError of the library. */
  async get(model: string): Promise<void> {
    const network = downloadSettings(await hubToken(this.#context));
    const params = { ...this.#params(model), precision: precision(), keepPublished: keepsPublished(), network };
    await this.#run(model, "get", params);
  }

  /** @throws FailureError `model-damaged`, … */
  verify(model: string): Promise<void> {
    return this.#run(model, "verify", this.#params(model));
  }

  /** Stops what is being done with a model; what has arrived is kept. */
  pause(model: string): void {
    const task = this.#tasks.get(model);
    if (task === undefined) return;
    this.#tasks.set(model, { ...task, stopping: true });
    task.controller.abort();
    this.#changed.fire(model);
  }

  /** Waits until nothing is being done with a model. */
  async ended(model: string): Promise<void> {
    await this.#tasks.get(model)?.ended;
  }

  /** Deletes a model and what has arrived of it. @throws FailureError `model-in-use`, `model-busy`. */
  async remove(model: string): Promise<void> {
    await this.#run(model, "remove", this.#params(model));
  }

  /** @throws FailureError of what is wrong with the folder. */
  async useFolder(folder: string): Promise<OwnFolder> {
    const encoders = vscode.workspace.getConfiguration("miniGemini").get<string>("model.encodersFolder", "");
    const params = { folder, ...(encoders === "" ? {} : { encoders }) };
    const { kind } = await this.#library.call("inspect", params);
    const own = { folder, kind };
    await this.#remember([own, ...this.ownFolders.filter((other) => other.folder !== folder)]);
    return own;
  }

  /** Takes a folder off the list; nothing is deleted. */
  async forgetFolder(folder: string): Promise<void> {
    await this.#remember(this.ownFolders.filter((other) => other.folder !== folder));
  }

  /** @throws FailureError of the archive and its models. */
  async install(
    source: string,
    onPart: (part: LibraryPart) => void,
    signal: AbortSignal,
  ): Promise<readonly InstalledFolder[]> {
    const params = { ...libraryFolders(this.#context), source, precision: precision() };
    const { installed } = await this.#library.call("install", params, { signal, onPart });
    const strangers = installed.flatMap(({ kind, folder }) =>
      kind === "encoder" || isOfCatalogue(folder) ? [] : [{ kind, folder }],
    );
    if (strangers.length > 0) await this.#remember([...strangers, ...this.ownFolders]);
    await this.refresh();
    return installed;
  }

  dispose(): void {
    clearTimeout(this.#look);
    for (const { controller } of this.#tasks.values()) controller.abort();
    this.#changed.dispose();
    this.#library.dispose();
  }

  #params(model: string): Params<HostToLibrary["remove"]> {
    return { ...libraryFolders(this.#context), model };
  }

  async #run<K extends TaskKind>(model: string, kind: K, params: Params<HostToLibrary[K]>): Promise<void> {
    if (this.#tasks.has(model)) return;
    const controller = new AbortController();
    let end: () => void = () => undefined;
    const ended = new Promise<void>((resolve) => (end = resolve));
    let shown = { stage: "", at: 0 };
    const tell = (part: LibraryPart | undefined): void => {
      const stopping = controller.signal.aborted;
      this.#tasks.set(model, { kind, part, stopping, controller, ended });
      const stage = `${part?.stage ?? ""} ${part?.retrying?.code ?? ""}`;
      if (stage === shown.stage && performance.now() - shown.at < showMilliseconds) return;
      shown = { stage, at: performance.now() };
      this.#changed.fire(model);
    };
    this.#failures.delete(model);
    tell(undefined);
    try {
      await this.#library.call(kind, params, { signal: controller.signal, onPart: tell });
    } catch (thrown) {
      const failure = failureOf(thrown);
      if (failure.code !== "cancelled") this.#failures.set(model, failure);
      throw thrown;
    } finally {
      this.#tasks.delete(model);
      end();
      this.#changed.fire(model);
      // What ended the task is what counts; the view asks again by itself.
      await this.refresh().catch(() => undefined);
    }
  }

  async #remember(folders: readonly OwnFolder[]): Promise<void> {
    const unique = [...new Map(folders.map((own) => [own.folder, own])).values()];
    await this.#context.globalState.update(ownFoldersKey, unique);
    this.#changed.fire(undefined);
  }

  #lookAgain(): void {
    clearTimeout(this.#look);
    const others = [...this.#disk.values()].some(({ busy }) => busy !== null);
    if (!this.#watching || !others) return;
    this.#look = setTimeout(() => {
      this.refresh().catch(() => undefined);
    }, lookMilliseconds);
  }
}

/** Free memory and free space go up and down all the time: less than a gigabyte is no news. */
const isSameMachine = (one: MachineFacts, other: MachineFacts): boolean => {
  const lasting = (facts: MachineFacts): object => ({ ...facts, availableMemoryBytes: 0, freeDiskBytes: 0 });
  const near = Math.abs(one.freeDiskBytes - other.freeDiskBytes) < 1e9;
  return near && isDeepStrictEqual(lasting(one), lasting(other));
};

const isOfCatalogue = (folder: string): boolean => {
  const name = folder.split(/[\\/]/).at(-1) ?? "";
  const plain = name.replace(/-(f32|int8|int4)-[0-9a-f]{12}$/, "");
  return catalogueEntry(plain) !== undefined;
};

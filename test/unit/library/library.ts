/** A library in a temporary folder, and a hub with the tiny published checkpoints of the golden values. */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import type { TestContext } from "node:test";
import { libraryHandlers } from "../../../src/engine/library/library";
import { packageRoot } from "../../../src/engine/platform/package-root";
import type {
  GetParams,
  LibraryFolders,
  LibraryPart,
  ModelOnDisk,
  NetworkPace,
} from "../../../src/shared/library-protocol";
import { encoders } from "../../../src/shared/model-catalogue";
import { HubServer } from "./hub-server";
import { build } from "esbuild";

export const golden = path.join(import.meta.dirname, "../../golden/fixtures/mgm");
export const modelCommit = "0123456789abcdef0123456789abcdef01234567";
const openAi = path.join(golden, "encoders", "OpenAI");

/** What a repository holds besides, none of which is needed. */
const decoys = {
  "README.md": "# model",
  ".gitattributes": "*.safetensors filter=lfs",
  "modeling_mgm.py": "import os",
  "training_args.bin": "pickle".repeat(10_000),
  "pytorch_model-00001-of-00001.bin": "pickle".repeat(10_000),
  "pytorch_model.bin.index.json": "{}",
  "flax_model.msgpack": "x",
};

/** The thread that converts weights runs from its bundle, as it does in the extension. */
export async function buildWorker(): Promise<void> {
  await build({
    absWorkingDir: packageRoot(),
    entryPoints: { "quantise-worker": "src/engine/weights/quantise-worker.ts" },
    outdir: "dist",
    bundle: true,
    platform: "node",
    logLevel: "error",
  });
}

/** Serves one of the golden checkpoints under the name of the catalogue. */
export async function startHub(t: TestContext, model = "MGM-7B"): Promise<HubServer> {
  const hub = new HubServer();
  hub.publish(`YanweiLi/${model}`, modelCommit, path.join(golden, "checkpoints", model), decoys);
  const { lowResolution, highResolution } = encoders;
  hub.publish(lowResolution.repository, lowResolution.revision, path.join(openAi, lowResolution.id), {
    "tf_model.h5": "x".repeat(20_000),
  });
  const convNext = path.join(openAi, "openclip-convnext-large-d-320-laion2B-s29B-b131K-ft-soup");
  hub.publish(highResolution.repository, highResolution.revision, convNext);
  await hub.start();
  t.after(() => hub.stop());
  return hub;
}

export async function temporaryLibrary(t: TestContext): Promise<LibraryFolders> {
  const root = await mkdtemp(path.join(os.tmpdir(), "library-"));
  t.after(() => rm(root, { recursive: true, force: true }));
  return { modelsRoot: path.join(root, "models"), preparedRoot: path.join(root, "prepared") };
}

const hurry: NetworkPace = { attempts: 3, retryMilliseconds: 5, stallSeconds: 1, slowestBytesPerSecond: 2_000 };

export function getParams(folders: LibraryFolders, hub: HubServer, more: Partial<GetParams> = {}): GetParams {
  const network = { endpoint: hub.endpoint, useProxy: false, strictTls: true, pace: hurry };
  return { ...folders, model: "MGM-7B", precision: "int4", keepPublished: false, network, ...more };
}

export interface Task {
  readonly signal?: AbortSignal;
  readonly onPart?: (part: LibraryPart) => void;
}

const answering = ({ signal, onPart }: Task): { signal: AbortSignal; part: (part: LibraryPart) => void } => ({
  signal: signal ?? new AbortController().signal,
  part: onPart ?? (() => undefined),
});

export const get = (params: GetParams, task: Task = {}): Promise<ModelOnDisk> =>
  libraryHandlers.get(params, answering(task));

export const verify = (params: LibraryFolders & { model: string }, task: Task = {}): Promise<ModelOnDisk> =>
  libraryHandlers.verify(params, answering(task));

export const remove = (params: LibraryFolders & { model: string }): Promise<unknown> =>
  libraryHandlers.remove(params, { signal: new AbortController().signal, part: () => undefined });

export async function stateOf(folders: LibraryFolders, model = "MGM-7B"): Promise<ModelOnDisk> {
  const all = await libraryHandlers.list(folders, { signal: new AbortController().signal, part: () => undefined });
  const found = all.find((one) => one.model === model);
  if (found === undefined) throw new Error(`${model} is not listed`);
  return found;
}

/** Names of all files below a folder, with `/`. */
export async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).split(path.sep).join("/"))
    .sort();
}

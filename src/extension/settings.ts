/** The settings, read anew for every request: none needs a restart. */
import * as vscode from "vscode";
import type { GenerateParams } from "../shared/generate-protocol";
import type { LibraryFolders, NetworkSettings } from "../shared/library-protocol";
import type { Device, LoadParams, Precision, Sampling } from "../shared/protocol";

const settings = (): vscode.WorkspaceConfiguration => vscode.workspace.getConfiguration("miniGemini");

export function loadParams(context: vscode.ExtensionContext): LoadParams {
  const folder = settings().get<string>("model.folder", "");
  const encoders = settings().get<string>("model.encodersFolder", "");
  const starter = vscode.Uri.joinPath(context.extensionUri, "media", "starter").fsPath;
  return {
    model: folder === "" ? starter : folder,
    ...(encoders === "" ? {} : { encoders }),
    precision: precision(),
    highDefinition: settings().get("model.hd", true),
    preparedRoot: libraryFolders(context).preparedRoot,
    device: device(),
    threads: settings().get("engine.threads", 0),
    idleUnloadSeconds: idleSeconds(),
  };
}

/** Where models are kept: under the extension's own storage, or on the disk that the person chose. */
export function libraryFolders(context: vscode.ExtensionContext): LibraryFolders {
  const chosen = settings().get<string>("models.folder", "").trim();
  const root = chosen === "" ? context.globalStorageUri : vscode.Uri.file(chosen);
  const inside = (name: string): string => vscode.Uri.joinPath(root, name).fsPath;
  return { modelsRoot: inside("models"), preparedRoot: inside("prepared") };
}

/** How models are downloaded: from which server, through which proxy of VS Code's. */
export function downloadSettings(token: string | undefined): NetworkSettings {
  const http = vscode.workspace.getConfiguration("http");
  const text = (name: string): string | undefined => http.get<string | null>(name, null)?.trim() ?? undefined;
  const [proxy, proxyAuthorization] = [text("proxy"), text("proxyAuthorization")];
  const noProxy = http.get<readonly string[]>("noProxy", []);
  return {
    endpoint: settings().get("models.endpoint", "https://huggingface.co").trim(),
    token,
    proxy: proxy === "" ? undefined : proxy,
    proxyAuthorization: proxyAuthorization === "" ? undefined : proxyAuthorization,
    noProxy: noProxy.length > 0 ? noProxy : undefined,
    useProxy: http.get<string>("proxySupport", "override") !== "off",
    strictTls: http.get("proxyStrictSSL", true),
  };
}

export const keepsPublished = (): boolean => settings().get("models.keepPublishedFiles", false);

export const device = (): Device => settings().get<Device>("engine.device", "auto");

export const precision = (): Precision => settings().get<Precision>("model.precision", "int4");

export const idleSeconds = (): number => settings().get("engine.idleUnloadMinutes", 10) * 60;

export interface DrawingSettings extends Pick<
  GenerateParams,
  "preparedRoot" | "device" | "threads" | "idleUnloadSeconds"
> {
  /** Folder of the model that draws. */
  readonly folder: vscode.Uri;
  /** Whether it is the small one that comes with the extension. */
  readonly embedded: boolean;
}

export function drawingSettings(context: vscode.ExtensionContext): DrawingSettings {
  const chosen = settings().get<string>("illustrations.model", "");
  const { preparedRoot, device, threads, idleUnloadSeconds } = loadParams(context);
  const embedded = chosen === "";
  const folder = embedded ? vscode.Uri.joinPath(context.extensionUri, "media", "illustrator") : vscode.Uri.file(chosen);
  return { folder, embedded, preparedRoot, device, threads, idleUnloadSeconds };
}

export function sampling(): Sampling {
  const temperature = settings().get("answer.temperature", 0);
  return {
    maxTokens: settings().get("answer.maxTokens", 512),
    temperature,
    topP: 1,
    topK: 0,
    repetitionPenalty: 1,
    seed: 0,
  };
}

export const readsText = (): boolean => settings().get("ocr.enabled", true);

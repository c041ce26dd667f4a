/** The settings, read anew for every request: none needs a restart. */
import * as vscode from "vscode";
import type { GenerateParams } from "../shared/generate-protocol";
import type { Device, LoadParams, Precision, Sampling } from "../shared/protocol";

const settings = (): vscode.WorkspaceConfiguration => vscode.workspace.getConfiguration("miniGemini");

export function loadParams(context: vscode.ExtensionContext): LoadParams {
  const folder = settings().get<string>("model.folder", "");
  const encoders = settings().get<string>("model.encodersFolder", "");
  const starter = vscode.Uri.joinPath(context.extensionUri, "media", "starter").fsPath;
  return {
    model: folder === "" ? starter : folder,
    ...(encoders === "" ? {} : { encoders }),
    precision: settings().get<Precision>("model.precision", "int4"),
    preparedRoot: vscode.Uri.joinPath(context.globalStorageUri, "prepared").fsPath,
    device: settings().get<Device>("engine.device", "auto"),
    threads: settings().get("engine.threads", 0),
    idleUnloadSeconds: idleSeconds(),
  };
}

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

/** What the commands share: folders, model options, the signal of Ctrl-C. */
import os from "node:os";
import path from "node:path";
import type { Device, LoadParams, Precision, TemplateName } from "../../shared/protocol";
import { Engine } from "../pipeline/engine";
import { packageRoot } from "../platform/package-root";

export interface ModelOptions {
  readonly model?: string;
  readonly encoders?: string;
  readonly precision?: Precision;
  readonly device: Device;
  readonly threads: number;
  readonly prepared?: string;
}

export interface AnswerOptions extends ModelOptions {
  readonly maxTokens: number;
  readonly template?: TemplateName;
}

export const starterFolder = (): string => path.join(packageRoot(), "media", "starter");

const ocrFolder = (): string => path.join(packageRoot(), "media", "ocr");

export const newEngine = (): Engine => new Engine({ ocrFolder: ocrFolder() });

export function loadParams({ model, encoders, precision, device, threads, prepared }: ModelOptions): LoadParams {
  return {
    model: model ?? starterFolder(),
    encoders,
    precision: precision ?? "int4",
    preparedRoot: prepared ?? defaultPreparedRoot(),
    device,
    threads,
  };
}

function defaultPreparedRoot(): string {
  const cache = process.env["XDG_CACHE_HOME"] ?? path.join(os.homedir(), ".cache");
  return path.join(cache, "mini-gemini", "prepared");
}

/** Fires on Ctrl-C; the second one ends the process as usual. */
export function interruptSignal(): AbortSignal {
  const controller = new AbortController();
  process.once("SIGINT", () => {
    controller.abort();
  });
  return controller.signal;
}

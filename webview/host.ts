/** The channel to the extension host, and the texts it gave in VS Code's language. */
import type { ViewToHost } from "../src/shared/view-protocol";

interface VsCode {
  postMessage(message: ViewToHost): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare function acquireVsCodeApi(): VsCode;

export const vscode = acquireVsCodeApi();

const texts = JSON.parse(document.getElementById("texts")?.textContent ?? "{}") as Record<string, string>;

/** The text by its name, with `{0}`, `{1}` filled in. */
export const text = (name: string, ...values: readonly (string | number)[]): string =>
  (texts[name] ?? name).replace(/\{(\d)\}/g, (_place, index: string) => String(values[Number(index)] ?? ""));

export const send = (message: ViewToHost): void => {
  vscode.postMessage(message);
};

/** The panel's channel to the extension host, and the texts it gave in VS Code's language. */
import type { PanelToHost } from "../../src/shared/illustration-protocol";
import type { PanelText } from "../../src/shared/illustration-texts";

declare function acquireVsCodeApi(): { postMessage(message: PanelToHost): void };

const vscode = acquireVsCodeApi();

const texts = JSON.parse(document.getElementById("texts")?.textContent ?? "{}") as Partial<Record<PanelText, string>>;

/** The text by its name, with `{0}`, `{1}` filled in. */
export const text = (name: PanelText, ...values: readonly (string | number)[]): string =>
  (texts[name] ?? name).replace(/\{(\d)\}/g, (_place, index: string) => String(values[Number(index)] ?? ""));

export const ask = (message: PanelToHost): void => {
  vscode.postMessage(message);
};

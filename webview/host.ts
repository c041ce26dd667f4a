/** The channel to the extension host, and the texts it gave in VS Code's language. */
import type { ViewToHost } from "../src/shared/view-protocol";
import type { ViewText } from "../src/shared/view-texts";

interface VsCode {
  postMessage(message: ViewToHost): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare function acquireVsCodeApi(): VsCode;

const vscode = acquireVsCodeApi();

const texts = JSON.parse(document.getElementById("texts")?.textContent ?? "{}") as Partial<Record<ViewText, string>>;

/** The text by its name, with `{0}`, `{1}` filled in. */
export const text = (name: ViewText, ...values: readonly (string | number)[]): string =>
  (texts[name] ?? name).replace(/\{(\d)\}/g, (_place, index: string) => String(values[Number(index)] ?? ""));

export const send = (message: ViewToHost): void => {
  vscode.postMessage(message);
};

/** What the view keeps for itself while it is hidden or reloaded. */
export interface KeptState {
  readonly chatsOpen: boolean;
  /** How far the conversation is scrolled up from its end, in pixels. */
  readonly scrolledUp: number;
}

const nothingKept: KeptState = { chatsOpen: false, scrolledUp: 0 };

export function keptState(): KeptState {
  const state = vscode.getState();
  return typeof state === "object" && state !== null ? { ...nothingKept, ...state } : nothingKept;
}

const keepEveryMilliseconds = 300;
let changes: Partial<KeptState> | undefined;

/** Keeps a change; what changes with every key or frame is written together a moment later. */
export function keep(change: Partial<KeptState>): void {
  if (changes !== undefined) {
    Object.assign(changes, change);
    return;
  }
  changes = { ...change };
  setTimeout(keepNow, keepEveryMilliseconds);
}

function keepNow(): void {
  if (changes !== undefined) vscode.setState({ ...keptState(), ...changes });
  changes = undefined;
}

addEventListener("pagehide", keepNow);

/** What the suites share: the extension, its chat, and ways to wait and to answer VS Code's lists. */
import assert from "node:assert/strict";
import * as vscode from "vscode";
import type { ServerAddress } from "../../../src/shared/protocol";
import type { TestInterface } from "../../../src/extension/extension";

export function extension(): vscode.Extension<TestInterface | undefined> {
  const found = vscode.extensions.getExtension<TestInterface | undefined>("mini-gemini.mini-gemini");
  assert.ok(found !== undefined, "the extension is installed");
  return found;
}

export async function internals(): Promise<TestInterface> {
  const found = await extension().activate();
  assert.ok(found !== undefined, "the scripted engine is named by the environment");
  return found;
}

/** Longest wait: a busy machine may take a minute for what takes a second. */
const longestWaitMilliseconds = 120_000;

/** Waits until a condition holds; its value. */
export async function until<T>(
  what: string,
  ask: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  const started = performance.now();
  while (performance.now() - started < longestWaitMilliseconds) {
    const value = await ask();
    if (value !== undefined && value !== false) return value;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`waited in vain: ${what}`);
}

export const workspaceFile = (name: string): vscode.Uri => {
  const [folder] = vscode.workspace.workspaceFolders ?? [];
  assert.ok(folder !== undefined);
  return vscode.Uri.joinPath(folder.uri, name);
};

export const read = async (uri: vscode.Uri): Promise<string> =>
  new TextDecoder().decode(await vscode.workspace.fs.readFile(uri));

/** The scripted engine's answer to the last question: what it was asked. */
export interface Told {
  readonly question: string;
  readonly images: readonly string[];
  readonly turns: number;
  readonly temperature: number;
  readonly maxTokens: number;
  readonly ocr: boolean;
  readonly server?: ServerAddress;
}

export async function lastAnswer(): Promise<Told> {
  const { view } = await internals();
  const text = await until("an answer", () => {
    const last = view.session.chat.messages.at(-1);
    if (last?.state === "failed") throw new Error(last.failure?.message);
    return last?.role === "assistant" && last.state === "done" && last.text;
  });
  // What follows the script's own answer was added by the extension.
  return JSON.parse(text.split("\n\n")[0] ?? "") as Told;
}

export async function setModel(folder: string | undefined): Promise<void> {
  await vscode.workspace
    .getConfiguration("miniGemini")
    .update("model.folder", folder, vscode.ConfigurationTarget.Global);
}

/** Messages that the extension shows while something runs. The windows themselves would wait for a person. */
export async function messagesOf(work: () => PromiseLike<unknown>): Promise<string[]> {
  const shown: string[] = [];
  const names = ["showInformationMessage", "showWarningMessage", "showErrorMessage"] as const;
  const before = names.map((name) => Object.getOwnPropertyDescriptor(vscode.window, name));
  for (const name of names) {
    const show = (message: string): Promise<undefined> => {
      shown.push(message);
      return Promise.resolve(undefined);
    };
    Object.defineProperty(vscode.window, name, { value: show, configurable: true, writable: true });
  }
  try {
    await work();
  } finally {
    names.forEach((name, index) => {
      const descriptor = before[index];
      if (descriptor !== undefined) Object.defineProperty(vscode.window, name, descriptor);
    });
  }
  return shown;
}

/**
 * Parts of VS Code's interface that are newer than the oldest version supported (1.100), as far as they are used.
 * `registerLanguageModelChatProvider` came with 1.104, `LanguageModelDataPart` with 1.106.
 */
import * as vscode from "vscode";

/** Whether this host has a part of the interface: some leave it out, some switch it off. */
export const has = (host: object, name: string): boolean => name in host;

export interface ModelInformation {
  readonly id: string;
  readonly name: string;
  readonly family: string;
  readonly version: string;
  readonly tooltip?: string;
  readonly detail?: string;
  readonly maxInputTokens: number;
  readonly maxOutputTokens: number;
  readonly capabilities: { readonly imageInput?: boolean; readonly toolCalling?: boolean | number };
}

export interface RequestMessage {
  readonly role: vscode.LanguageModelChatMessageRole;
  readonly content: readonly unknown[];
}

export interface LanguageModelProvider {
  provideLanguageModelChatInformation(
    options: { readonly silent: boolean },
    token: vscode.CancellationToken,
  ): vscode.ProviderResult<ModelInformation[]>;
  provideLanguageModelChatResponse(
    model: ModelInformation,
    messages: readonly RequestMessage[],
    options: { readonly modelOptions?: Readonly<Record<string, unknown>> },
    progress: vscode.Progress<vscode.LanguageModelTextPart>,
    token: vscode.CancellationToken,
  ): Thenable<void>;
  provideTokenCount(
    model: ModelInformation,
    text: string | RequestMessage,
    token: vscode.CancellationToken,
  ): Thenable<number>;
}

type RegisterProvider = (vendor: string, provider: LanguageModelProvider) => vscode.Disposable;

/** VS Code's function, or undefined where it does not exist. */
export function registerProviderFunction(): RegisterProvider | undefined {
  const models = (has(vscode, "lm") ? vscode.lm : {}) as { registerLanguageModelChatProvider?: RegisterProvider };
  return models.registerLanguageModelChatProvider;
}

export interface DataPart {
  readonly mimeType: string;
  readonly data: Uint8Array;
}

export const isDataPart = (part: unknown): part is DataPart =>
  typeof part === "object" &&
  part !== null &&
  "mimeType" in part &&
  typeof part.mimeType === "string" &&
  "data" in part &&
  part.data instanceof Uint8Array;

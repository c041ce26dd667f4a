/** The loaded model as one of VS Code's language models, with image input. Nothing where VS Code has no such place. */
import * as vscode from "vscode";
import { failureOf } from "../../shared/failure";
import type { ImageSource, LoadedModel, Turn } from "../../shared/protocol";
import { cancelSignal } from "../cancel-signal";
import type { Explainer } from "../explainer";
import { failureMessage } from "../failure-message";
import { sampling } from "../settings";
import {
  type DataPart,
  isDataPart,
  type LanguageModelProvider,
  type ModelInformation,
  registerProviderFunction,
  type RequestMessage,
} from "./later-api";

/** Told before a model is loaded; the starter's. */
const assumedContextLength = 2048;
/** English text in the tokenizers of these models. */
const charactersPerToken = 4;
const assumedVisualTokens = 576;

export function registerLanguageModel(explainer: Explainer): vscode.Disposable {
  const register = registerProviderFunction();
  if (register === undefined) return new vscode.Disposable(() => undefined);
  return register("mini-gemini", languageModelProvider(explainer));
}

export const languageModelProvider = (explainer: Explainer): LanguageModelProvider => ({
  provideLanguageModelChatInformation: () => [information(explainer.state.model)],
  async provideLanguageModelChatResponse(_model, messages, _options, progress, token) {
    try {
      await explainer.ask(turnsOf(messages), {
        signal: cancelSignal(token),
        onPart: (part) => {
          if (part.kind === "text") progress.report(new vscode.LanguageModelTextPart(part.text));
        },
      });
    } catch (thrown) {
      const failure = failureOf(thrown);
      if (failure.code === "cancelled") throw new vscode.CancellationError();
      const { message, advice } = failureMessage(failure);
      throw new Error(vscode.l10n.t("{message} {advice}", { message, advice }), { cause: thrown });
    }
  },
  provideTokenCount: (_model, text) => Promise.resolve(tokenCount(text, explainer.state.model)),
});

function information(model: LoadedModel | null): ModelInformation {
  const contextLength = model?.contextLength ?? assumedContextLength;
  const maxOutputTokens = Math.min(sampling().maxTokens, contextLength >> 1);
  return {
    id: "local",
    name: "Mini-Gemini",
    family: "mini-gemini",
    version: model?.name ?? "local",
    detail: vscode.l10n.t("on this machine"),
    maxInputTokens: contextLength - maxOutputTokens,
    maxOutputTokens,
    capabilities: { imageInput: true },
  };
}

/** Messages as turns: what follows one another from the same side becomes one, and the conversation ends with a question. */
function turnsOf(messages: readonly RequestMessage[]): Turn[] {
  const turns: Turn[] = [];
  for (const { role, content } of messages) {
    const text = content.map(textOf).join("");
    if (role === vscode.LanguageModelChatMessageRole.Assistant) {
      turns.push({ role: "assistant", text });
      continue;
    }
    const images = content.filter(isDataPart).filter(isImagePart).map(imageOf);
    const last = turns.at(-1);
    if (last?.role === "user") {
      const joined = [last.text, text].filter((one) => one !== "").join("\n");
      turns[turns.length - 1] = { role: "user", text: joined, images: [...last.images, ...images] };
    } else turns.push({ role: "user", text, images });
  }
  return turns;
}

const textOf = (part: unknown): string => (part instanceof vscode.LanguageModelTextPart ? part.value : "");

const isImagePart = ({ mimeType }: DataPart): boolean => mimeType.startsWith("image/");

const imageOf = ({ mimeType, data }: DataPart): ImageSource => ({
  name: mimeType.replace("/", "."),
  data: { kind: "bytes", bytes: data },
});

function tokenCount(text: string | RequestMessage, model: LoadedModel | null): number {
  if (typeof text === "string") return Math.ceil(text.length / charactersPerToken);
  const images = text.content.filter(isDataPart).filter(isImagePart).length;
  const characters = text.content.reduce<number>((sum, part) => sum + textOf(part).length, 0);
  return Math.ceil(characters / charactersPerToken) + images * (model?.visualTokensPerImage ?? assumedVisualTokens);
}

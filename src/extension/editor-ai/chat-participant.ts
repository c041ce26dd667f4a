/** `@mini-gemini` in VS Code's own chat. Hosts that lack it, or switch it off, lose nothing else. */
import * as vscode from "vscode";
import { failureOf } from "../../shared/failure";
import type { ImageSource, LoadedModel, Turn } from "../../shared/protocol";
import { cancelSignal } from "../cancel-signal";
import type { Explainer } from "../explainer";
import { failureMessage } from "../failure-message";
import { iconIn } from "../icon";
import { exists, imageSource, isImage } from "../images";
import { type TaskName, taskQuestion } from "../tasks";
import { has } from "./later-api";

/** The participant's slash commands (package.json). */
const commands: Readonly<Record<string, TaskName>> = {
  explain: "explain",
  error: "error",
  mermaid: "diagram-to-mermaid",
  table: "chart-to-table",
  html: "screenshot-to-html",
  alt: "alt-text",
};

export function registerChatParticipant(
  explainer: Explainer,
  extension: vscode.Uri,
): vscode.ChatParticipant | vscode.Disposable {
  if (!has(vscode, "chat")) return new vscode.Disposable(() => undefined);
  const participant = vscode.chat.createChatParticipant("mini-gemini", chatHandler(explainer));
  participant.iconPath = iconIn(extension);
  return participant;
}

export const chatHandler =
  (explainer: Explainer): vscode.ChatRequestHandler =>
  async (request, context, stream, token) => {
    try {
      const images = await referencedImages(request.references);
      const history = await earlierTurns(context);
      if (images.length === 0 && !history.some((turn) => turn.role === "user" && turn.images.length > 0)) {
        stream.markdown(vscode.l10n.t("Attach an image file to ask about it."));
        return;
      }
      const turns = (model: LoadedModel): Turn[] => [
        ...history,
        { role: "user", text: questionOf(request, model), images },
      ];
      await explainer.ask(turns, {
        signal: cancelSignal(token),
        asksAboutError: request.command === "error",
        onLoad: () => {
          stream.progress(vscode.l10n.t("Loading the model…"));
        },
        onLoaded: ({ name, starter, server }) => {
          if (server !== undefined) stream.progress(vscode.l10n.t("{name} on {server} answers.", { name, server }));
          if (starter) stream.progress(vscode.l10n.t("Starter model: small, and often wrong."));
        },
        onPart: (part) => {
          if (part.kind === "text") stream.markdown(part.text);
        },
      });
    } catch (thrown) {
      const failure = failureOf(thrown);
      if (failure.code === "cancelled") return;
      const { message, advice } = failureMessage(failure);
      return { errorDetails: { message: vscode.l10n.t("{message} {advice}", { message, advice }) } };
    }
    return;
  };

function questionOf({ command, prompt }: vscode.ChatRequest, model: LoadedModel): string {
  if (prompt.trim() !== "") return prompt;
  return taskQuestion(commands[command ?? "explain"] ?? "explain", model);
}

async function referencedImages(references: readonly vscode.ChatPromptReference[]): Promise<ImageSource[]> {
  const images: ImageSource[] = [];
  for (const { id, value } of references) {
    const uri = value instanceof vscode.Location ? value.uri : value;
    if (uri instanceof vscode.Uri && isImage(uri)) images.push(await imageSource(uri));
    else if (isPastedImage(value)) {
      images.push({ name: id, data: { kind: "bytes", bytes: await value.data() } });
    }
  }
  return images;
}

/** A picture pasted into the chat; VS Code 1.100's typings do not have it yet. */
interface PastedImage {
  readonly mimeType: string;
  data(): Thenable<Uint8Array>;
}

const isPastedImage = (value: unknown): value is PastedImage =>
  typeof value === "object" &&
  value !== null &&
  "mimeType" in value &&
  typeof value.mimeType === "string" &&
  value.mimeType.startsWith("image/") &&
  "data" in value &&
  typeof value.data === "function";

async function earlierTurns({ history }: vscode.ChatContext): Promise<Turn[]> {
  const turns: Turn[] = [];
  for (const turn of history) {
    if (turn instanceof vscode.ChatRequestTurn) {
      const text = turn.prompt === "" ? vscode.l10n.t("Explain this image.") : turn.prompt;
      turns.push({ role: "user", text, images: await referencedImages(await stillThere(turn.references)) });
    } else {
      const parts = turn.response.map((part) =>
        part instanceof vscode.ChatResponseMarkdownPart ? part.value.value : "",
      );
      const text = parts.join("");
      if (text !== "") turns.push({ role: "assistant", text });
    }
  }
  return turns;
}

/** Leaves out files that have gone since: an old image must not fail a new question. */
async function stillThere(references: readonly vscode.ChatPromptReference[]): Promise<vscode.ChatPromptReference[]> {
  const there = await Promise.all(
    references.map(({ value }) => (value instanceof vscode.Uri ? exists(value) : Promise.resolve(true))),
  );
  return references.filter((_reference, index) => there[index]);
}

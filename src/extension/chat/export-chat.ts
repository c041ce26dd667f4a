/** A chat as a Markdown file, its images in a folder beside it. */
import * as vscode from "vscode";
import { outputFolder } from "../output-folder";
import type { Chat, ChatStore, StoredImage } from "./chat-store";

export async function exportChat(chat: Chat, store: ChatStore): Promise<void> {
  const folder = outputFolder(undefined);
  const name =
    chat.title
      .replace(/[^\p{L}\p{N}._ -]+/gu, " ")
      .trim()
      .slice(0, 60) || "chat";
  const target = await vscode.window.showSaveDialog({
    filters: { Markdown: ["md"] },
    ...(folder === undefined ? {} : { defaultUri: vscode.Uri.joinPath(folder, `${name}.md`) }),
  });
  if (target === undefined) return;
  const stem = (target.path.split("/").at(-1) ?? "chat").replace(/\.md$/i, "");
  const pictures = `${stem}-images`;
  const parts = [`# ${chat.title}`];
  for (const { role, text, images, contexts, model } of chat.messages) {
    parts.push(`## ${headingOf(role, model?.name)}`);
    for (const image of images) {
      // The copies are named after their ids: none can stand for another, whatever the originals are called.
      const copy = vscode.Uri.joinPath(target, "..", pictures, image.file);
      await vscode.workspace.fs.copy(store.file(chat.id, image), copy, { overwrite: true });
      parts.push(`![${altOf(image)}](${encodeURIComponent(pictures)}/${image.file})`);
    }
    parts.push(...contexts.map((context) => context.text), text);
  }
  await vscode.workspace.fs.writeFile(target, new TextEncoder().encode(`${parts.join("\n\n")}\n`));
  await vscode.window.showTextDocument(target);
}

function headingOf(role: "user" | "assistant", model: string | undefined): string {
  if (role === "user") return vscode.l10n.t("Question");
  return model === undefined ? vscode.l10n.t("Answer") : vscode.l10n.t("Answer of {model}", { model });
}

function altOf({ name, crop }: StoredImage): string {
  const plain = name.replace(/[[\]\\]/g, "");
  if (crop === undefined) return plain;
  const { left, top, width, height } = crop;
  return vscode.l10n.t("{name}, the part of {width}×{height} pixels at {left}, {top}", {
    name: plain,
    width,
    height,
    left,
    top,
  });
}

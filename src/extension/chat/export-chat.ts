/** A chat as a Markdown file, its images beside it. */
import * as vscode from "vscode";
import type { Chat, ChatStore } from "./chat-store";

export async function exportChat(chat: Chat, store: ChatStore): Promise<void> {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const target = await vscode.window.showSaveDialog({
    filters: { Markdown: ["md"] },
    ...(folder === undefined ? {} : { defaultUri: vscode.Uri.joinPath(folder, "chat.md") }),
  });
  if (target === undefined) return;
  const parts = [`# ${chat.title}`];
  for (const { role, text, images } of chat.messages) {
    parts.push(role === "user" ? `## ${vscode.l10n.t("Question")}` : `## ${vscode.l10n.t("Answer")}`);
    for (const image of images) {
      const copy = vscode.Uri.joinPath(target, "..", image.file);
      await vscode.workspace.fs.copy(store.file(chat.id, image), copy, { overwrite: true });
      parts.push(`![${image.name.replace(/[[\]\\]/g, "")}](${image.file})`);
    }
    parts.push(text);
  }
  await vscode.workspace.fs.writeFile(target, new TextEncoder().encode(`${parts.join("\n\n")}\n`));
  await vscode.window.showTextDocument(target);
}

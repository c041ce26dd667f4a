/** What tells a chat from others in their list. */
import * as vscode from "vscode";
import type { StoredImage } from "./chat-store";

const longestTitle = 60;

/** Of its first images and question. */
export function titleOf(question: string, images: readonly StoredImage[]): string {
  const names = images.map(({ name }) => name).join(", ");
  const text = question.replace(/\s+/g, " ").trim();
  const title =
    names === "" || text === ""
      ? names + text
      : vscode.l10n.t("{images}: {question}", { images: names, question: text });
  return title.length > longestTitle ? `${title.slice(0, longestTitle - 1)}…` : title;
}

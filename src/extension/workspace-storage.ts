/** The folder for what belongs to a workspace. */
import type * as vscode from "vscode";

/**
 * The same folder for all windows on a workspace. VS Code gives each further window a folder of its own, `<id>-1` to
 * `<id>-9` (its `extHostStoragePaths`): there a second window, or one opened after a crash while the host of the one
 * before still lives, would find none of what was kept.
 */
export function workspaceStorage({ storageUri, globalStorageUri }: vscode.ExtensionContext): vscode.Uri {
  return storageUri === undefined ? globalStorageUri : storageUri.with({ path: sharedPath(storageUri.path) });
}

/** @param path `…/<id>[-n]/<extension>`; the id is hexadecimal, with a sign or without. */
export const sharedPath = (path: string): string => path.replace(/(\/-?[\da-f]+)-[1-9](\/[^/]+)$/, "$1$2");

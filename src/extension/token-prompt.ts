/** Asks for an access token, which is kept with VS Code's secrets and sent to one server only. */
import * as vscode from "vscode";

export interface TokenPrompt {
  /** Says whose token it is. */
  readonly title: string;
  /** Its name among the secrets. */
  readonly key: string;
}

/** An empty token is forgotten. @returns false where the person thought better of it. */
export async function askForToken(secrets: vscode.SecretStorage, { title, key }: TokenPrompt): Promise<boolean> {
  const token = await vscode.window.showInputBox({
    title,
    prompt: vscode.l10n.t("Empty: no token. It is kept with VS Code's secrets and sent to this server only."),
    password: true,
    ignoreFocusOut: true,
    validateInput: (value) =>
      /^[\x21-\x7e]*$/.test(value.trim())
        ? undefined
        : vscode.l10n.t("A token has no spaces and only ASCII characters."),
  });
  if (token === undefined) return false;
  if (token.trim() === "") await secrets.delete(key);
  else await secrets.store(key, token.trim());
  return true;
}

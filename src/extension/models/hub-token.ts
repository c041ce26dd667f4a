/** The access token of the hub, kept with VS Code's secrets: for the endpoint that it was entered for, no other. */
import * as vscode from "vscode";
import { downloadSettings } from "../settings";

const keyOf = (origin: string): string => `hub.token:${origin}`;

/** Undefined where none is set, or the endpoint is no address. */
export async function hubToken({ secrets }: vscode.ExtensionContext): Promise<string | undefined> {
  const { endpoint } = downloadSettings(undefined);
  return URL.canParse(endpoint) ? secrets.get(keyOf(new URL(endpoint).origin)) : undefined;
}

/** Asks for the token; an empty one is forgotten. @returns false where the person thought better of it. */
export async function setHubToken({ secrets }: vscode.ExtensionContext): Promise<boolean> {
  const { endpoint } = downloadSettings(undefined);
  if (!URL.canParse(endpoint)) return false;
  const { origin } = new URL(endpoint);
  const token = await vscode.window.showInputBox({
    title: vscode.l10n.t("Access Token of {origin}", { origin }),
    prompt: vscode.l10n.t("Empty: no token. It is kept with VS Code's secrets and sent to this server only."),
    password: true,
    ignoreFocusOut: true,
    validateInput: (value) =>
      /^[\x21-\x7e]*$/.test(value.trim())
        ? undefined
        : vscode.l10n.t("A token has no spaces and only ASCII characters."),
  });
  if (token === undefined) return false;
  if (token.trim() === "") await secrets.delete(keyOf(origin));
  else await secrets.store(keyOf(origin), token.trim());
  return true;
}

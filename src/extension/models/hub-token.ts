/** The access token of the hub, kept with VS Code's secrets: for the endpoint that it was entered for, no other. */
import * as vscode from "vscode";
import { downloadSettings } from "../settings";
import { askForToken } from "../token-prompt";

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
  return askForToken(secrets, {
    title: vscode.l10n.t("Access Token of {origin}", { origin }),
    key: keyOf(origin),
  });
}

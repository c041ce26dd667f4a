/**
 * The server that answers in the local model's place, where the person set one.
 *
 * What is sent leaves this machine, so each server is asked about once. Its token is kept for it alone: another address
 * in the setting does not get it.
 */
import * as vscode from "vscode";
import { FailureError } from "../shared/failure";
import type { ServerAddress } from "../shared/protocol";
import { askForToken } from "./token-prompt";

const allowedKey = "server.allowed";
const tokenKey = (origin: string): string => `server.token:${origin}`;

const settings = (): vscode.WorkspaceConfiguration => vscode.workspace.getConfiguration("miniGemini.engine.server");

/** Name and port of the server that will answer; undefined when the local model will, or the setting is no address. */
export function answeringServer(): string | undefined {
  const url = settings().get("url", "").trim();
  return URL.canParse(url) ? new URL(url).host : undefined;
}

/**
 * The server to ask, or undefined when the local model answers.
 *
 * @throws FailureError `server-address-invalid`; `cancelled` where the person does not want it asked.
 */
export async function chosenServer(context: vscode.ExtensionContext): Promise<ServerAddress | undefined> {
  const url = settings().get("url", "").trim();
  if (url === "") return undefined;
  const { origin, host } = parse(url);
  const sendImages = settings().get("sendImages", true);
  await askOnce(context, origin, host, sendImages);
  return {
    url,
    model: settings().get("model", "").trim(),
    token: await context.secrets.get(tokenKey(origin)),
    sendImages,
    timeoutSeconds: settings().get("timeoutSeconds", 120),
  };
}

/** Lets this machine answer again. */
export async function forgetServer(): Promise<void> {
  await settings().update("url", undefined, vscode.ConfigurationTarget.Global);
}

/** Asks for the token of the server that is set, and keeps it with VS Code's secrets; an empty one is forgotten. @returns whether it is another. */
export async function setServerToken(context: vscode.ExtensionContext): Promise<boolean> {
  const url = settings().get("url", "").trim();
  if (url === "") {
    const open = vscode.l10n.t("Open Settings");
    const message = vscode.l10n.t("No server is set. Its address comes first.");
    if ((await vscode.window.showInformationMessage(message, open)) === open) {
      await vscode.commands.executeCommand("workbench.action.openSettings", "miniGemini.engine.server");
    }
    return false;
  }
  const { origin } = parse(url);
  return askForToken(context.secrets, {
    title: vscode.l10n.t("Token of {origin}", { origin }),
    key: tokenKey(origin),
  });
}

function parse(url: string): URL {
  if (URL.canParse(url)) return new URL(url);
  throw new FailureError({ code: "server-address-invalid", found: url, reason: "it is no address" });
}

/** Sending images too is another question than sending text. */
async function askOnce(
  context: vscode.ExtensionContext,
  origin: string,
  host: string,
  sendImages: boolean,
): Promise<void> {
  const allowed = context.globalState.get<readonly string[]>(allowedKey, []);
  const asked = sendImages ? `${origin} images` : origin;
  if (allowed.includes(asked)) return;
  const send = vscode.l10n.t("Send");
  const message = sendImages
    ? vscode.l10n.t("Send questions and images to {host}?", { host })
    : vscode.l10n.t("Send questions and the text read in images to {host}?", { host });
  const detail = vscode.l10n.t(
    "The setting miniGemini.engine.server.url names this server. What is sent leaves this machine unless the server runs on it, and travels unencrypted where its address begins with http://.",
  );
  if ((await vscode.window.showWarningMessage(message, { modal: true, detail }, send)) !== send) {
    throw new FailureError({ code: "cancelled" });
  }
  await context.globalState.update(allowedKey, [...allowed, asked]);
}

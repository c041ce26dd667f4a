/** Saves a drawn picture where the person says: format, place, name; asked before anything is replaced. */
import { realpath } from "node:fs/promises";
import path from "node:path";
import * as vscode from "vscode";
import type { PictureFormat } from "../../shared/encode-protocol";
import { outputFolder } from "../output-folder";
import { FailureError } from "../../shared/failure";
import { type DrawnPicture, type Illustrator, isThere } from "./illustrator";
import { freeName, isPortableName, stemOf } from "./picture-name";
import { writeWhole } from "./write-file";

export interface SavedPicture {
  readonly file: vscode.Uri;
  readonly width: number;
  readonly height: number;
}

interface FormatItem extends vscode.QuickPickItem {
  readonly format: PictureFormat;
}

const extensions: Readonly<Record<PictureFormat, readonly string[]>> = {
  png: ["png"],
  webp: ["webp"],
  avif: ["avif"],
  jpeg: ["jpg", "jpeg"],
  ico: ["ico"],
};

/**
 * @param near Folder to begin in.
 * @returns undefined where the person thought better of it.
 * @throws FailureError `outside-workspace`, `file-name-invalid`, those of writing and of the engine.
 */
export async function savePicture(
  illustrator: Illustrator,
  { png, recipe }: DrawnPicture,
  near: vscode.Uri | undefined,
): Promise<SavedPicture | undefined> {
  const format = await chooseFormat();
  if (format === undefined) return undefined;
  const sizes = format === "ico" ? await chooseSizes() : [];
  if (sizes === undefined) return undefined;
  const file = await chooseFile(stemOf(recipe.form.prompt), format, near);
  if (file === undefined) return undefined;
  await checkPlace(file.uri);
  const overwrite = file.confirmed || (await isThere(file.uri));
  if (overwrite && !file.confirmed && !(await mayReplace(file.uri))) return undefined;
  const title = vscode.l10n.t("Saving the picture");
  return vscode.window.withProgress({ location: vscode.ProgressLocation.Window, title }, async () => {
    const { bytes, width, height } = await illustrator.encode(png, format, sizes);
    await write(file.uri, bytes, { overwrite });
    return { file: file.uri, width, height };
  });
}

async function chooseFormat(): Promise<PictureFormat | undefined> {
  const items: readonly FormatItem[] = [
    { format: "png", label: "PNG", detail: vscode.l10n.t("Exact; opens everywhere.") },
    { format: "webp", label: "WebP", detail: vscode.l10n.t("Small; for web pages and READMEs.") },
    { format: "avif", label: "AVIF", detail: vscode.l10n.t("Smallest; for current browsers.") },
    { format: "jpeg", label: "JPEG", detail: vscode.l10n.t("For programs that know nothing newer.") },
    { format: "ico", label: "ICO", detail: vscode.l10n.t("Icon with several sizes, for favicons and Windows.") },
  ];
  return (await vscode.window.showQuickPick(items, { title: vscode.l10n.t("Format of the Picture") }))?.format;
}

async function chooseSizes(): Promise<readonly number[] | undefined> {
  const usual = [16, 32, 48, 256];
  const items = [16, 24, 32, 48, 64, 128, 180, 192, 256].map((side) => ({
    label: `${side} × ${side}`,
    side,
    picked: usual.includes(side),
  }));
  const title = vscode.l10n.t("Sizes in the Icon");
  const chosen = await vscode.window.showQuickPick(items, { title, canPickMany: true });
  return chosen === undefined || chosen.length === 0 ? undefined : chosen.map(({ side }) => side);
}

interface ChosenFile {
  readonly uri: vscode.Uri;
  /** Whether the dialog has asked already about replacing this very file. */
  readonly confirmed: boolean;
}

async function chooseFile(
  stem: string,
  format: PictureFormat,
  near: vscode.Uri | undefined,
): Promise<ChosenFile | undefined> {
  const folder = outputFolder(near);
  const [extension = format] = extensions[format];
  const name = await freeName(stem, extension, async (taken) =>
    folder === undefined ? false : isThere(vscode.Uri.joinPath(folder, taken)),
  );
  const chosen = await vscode.window.showSaveDialog({
    title: vscode.l10n.t("Save to Repository"),
    saveLabel: vscode.l10n.t("Save"),
    filters: { [format.toUpperCase()]: [...extensions[format]] },
    ...(folder === undefined ? {} : { defaultUri: vscode.Uri.joinPath(folder, name) }),
  });
  if (chosen === undefined) return undefined;
  const ends = extensions[format].some((known) => chosen.path.toLowerCase().endsWith(`.${known}`));
  if (ends) return { uri: chosen, confirmed: await isThere(chosen) };
  return { uri: chosen.with({ path: `${chosen.path}.${extension}` }), confirmed: false };
}

/** @throws FailureError `outside-workspace`, `file-name-invalid`. */
async function checkPlace(uri: vscode.Uri): Promise<void> {
  const file = vscode.workspace.asRelativePath(uri);
  const name = uri.path.split("/").at(-1) ?? "";
  if (!isPortableName(name)) throw new FailureError({ code: "file-name-invalid", file: name });
  const folders = vscode.workspace.workspaceFolders ?? [];
  // Without an open folder there is no outside: the person named the place in a dialog.
  if (folders.length === 0) return;
  const root = vscode.workspace.getWorkspaceFolder(uri)?.uri;
  if (root === undefined) throw new FailureError({ code: "outside-workspace", file });
  if (uri.scheme !== "file") return;
  // A folder of the workspace can be a link to one elsewhere. What is not there fails when it is written.
  const [real, ...roots] = await Promise.all(
    [path.dirname(uri.fsPath), ...folders.map((folder) => folder.uri.fsPath)].map((place) =>
      realpath(place).catch(() => undefined),
    ),
  );
  const inside = (within: string): boolean => {
    const way = path.relative(within, real ?? within);
    return !path.isAbsolute(way) && way.split(path.sep)[0] !== "..";
  };
  if (real !== undefined && !roots.some((one) => one !== undefined && inside(one))) {
    throw new FailureError({ code: "outside-workspace", file });
  }
}

async function mayReplace(uri: vscode.Uri): Promise<boolean> {
  const replace = vscode.l10n.t("Replace");
  const file = vscode.workspace.asRelativePath(uri);
  const question = vscode.l10n.t("{file} is there already. Replace it?", { file });
  return (await vscode.window.showWarningMessage(question, { modal: true }, replace)) === replace;
}

async function write(file: vscode.Uri, bytes: Uint8Array, { overwrite }: { overwrite: boolean }): Promise<void> {
  const folder = vscode.Uri.joinPath(file, "..");
  const part = vscode.Uri.joinPath(folder, `.mini-gemini-${crypto.randomUUID()}.part`);
  const name = vscode.workspace.asRelativePath(file);
  const folderName = vscode.workspace.asRelativePath(folder);
  await writeWhole(vscode.workspace.fs, { file, folder, part, name, folderName, overwrite }, bytes);
}

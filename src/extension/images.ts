/** Images in the workspace: which files they are, choosing and reading them. */
import * as vscode from "vscode";
import { FailureError } from "../shared/failure";
import { largestPaste } from "../shared/view-protocol";

const extensions = ["png", "jpg", "jpeg", "webp", "gif", "avif", "tif", "tiff", "svg", "bmp"];
const pattern = new RegExp(`\\.(${extensions.join("|")})$`, "i");

export const isImage = (uri: vscode.Uri): boolean => pattern.test(uri.path);
export const nameOf = (uri: vscode.Uri): string => uri.path.split("/").at(-1) ?? "image";

/** @throws FailureError `file-missing`, `file-too-large`. */
export async function readImage(uri: vscode.Uri): Promise<Uint8Array> {
  const file = vscode.workspace.asRelativePath(uri);
  try {
    const { size } = await vscode.workspace.fs.stat(uri);
    if (size > largestPaste) throw new FailureError({ code: "file-too-large", file, bytes: size, limit: largestPaste });
    return await vscode.workspace.fs.readFile(uri);
  } catch (error) {
    if (error instanceof vscode.FileSystemError && error.code === "FileNotFound") {
      throw new FailureError({ code: "file-missing", file }, { cause: error });
    }
    if (error instanceof FailureError) throw error;
    throw new FailureError({ code: "file-unreadable", file, reason: String(error) }, { cause: error });
  }
}

export const imagesBelow = async (folder: vscode.Uri, limit: number): Promise<vscode.Uri[]> =>
  (
    await vscode.workspace.findFiles(
      new vscode.RelativePattern(folder, `**/*.{${extensions.join(",")}}`),
      "**/node_modules/**",
      limit,
    )
  ).sort((a, b) => a.path.localeCompare(b.path));

interface ImageItem extends vscode.QuickPickItem {
  readonly uri?: vscode.Uri;
}

/** Lets a person choose among the images of the workspace, or any file. Empty when nothing was chosen. */
export async function pickImages(): Promise<readonly vscode.Uri[]> {
  const found = await vscode.workspace.findFiles(`**/*.{${extensions.join(",")}}`, "**/node_modules/**", 500);
  const other: ImageItem = { label: vscode.l10n.t("$(folder-opened) Other File…"), alwaysShow: true };
  const items = found.map((uri): ImageItem => {
    const description = vscode.workspace.asRelativePath(uri);
    return { label: nameOf(uri), description, iconPath: uri, uri };
  });
  const chosen = await vscode.window.showQuickPick<ImageItem>([...items, other], {
    title: vscode.l10n.t("Choose an Image"),
    matchOnDescription: true,
  });
  if (chosen === undefined) return [];
  if (chosen.uri !== undefined) return [chosen.uri];
  const filters = { [vscode.l10n.t("Images")]: extensions };
  return (await vscode.window.showOpenDialog({ canSelectMany: true, filters })) ?? [];
}

/** The images a command was called for: the explorer's selection, an SCM resource, the editor's, or a choice. */
export async function commandImages(first: unknown, all: unknown): Promise<readonly vscode.Uri[]> {
  const given = [...(Array.isArray(all) ? (all as unknown[]) : []), first].map(uriOf);
  const images = given.filter((uri) => uri !== undefined).filter(isImage);
  const unique = [...new Map(images.map((uri) => [uri.toString(), uri])).values()];
  return unique.length > 0 ? unique : pickImages();
}

function uriOf(value: unknown): vscode.Uri | undefined {
  if (value instanceof vscode.Uri) return value;
  if (typeof value !== "object" || value === null || !("resourceUri" in value)) return undefined;
  return value.resourceUri instanceof vscode.Uri ? value.resourceUri : undefined;
}

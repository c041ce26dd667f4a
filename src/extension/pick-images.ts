/** Which images a command is about: those it was called for, or a choice with previews. */
import * as vscode from "vscode";
import { imageExtensions, imageGlob, isImage, nameOf } from "./images";

const mostOffered = 500;
const previewDelayMilliseconds = 150;

/**
 * The images among a command's arguments, or else a choice.
 *
 * Menus differ in what they pass: the explorer an address and then the list of all, source control one resource after
 * the other, an editor's title an address and a place.
 */
export async function commandImages(args: readonly unknown[]): Promise<readonly vscode.Uri[]> {
  const given = argumentUris(args);
  const images = given.filter(isImage);
  if (given.length > 0 && images.length === 0) {
    // Source control's menu cannot be limited to images.
    void vscode.window.showInformationMessage(vscode.l10n.t("{file} is not an image.", { file: nameOf(given[0]) }));
    return [];
  }
  return images.length > 0 ? images : pickImages();
}

/** Every address in a command's arguments, once. */
export function argumentUris(args: readonly unknown[]): readonly vscode.Uri[] {
  const uris = args.flat().map(uriOf);
  return [...new Map(uris.filter((uri) => uri !== undefined).map((uri) => [uri.toString(), uri])).values()];
}

/** The image that the active editor shows. */
export function activeImage(): vscode.Uri | undefined {
  const input: unknown = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  const shown = input instanceof vscode.TabInputCustom || input instanceof vscode.TabInputText ? input.uri : undefined;
  return shown !== undefined && isImage(shown) ? shown : undefined;
}

interface ImageItem extends vscode.QuickPickItem {
  readonly uri?: vscode.Uri;
}

/** Lets a person choose among the images of the workspace, or any file. Empty when nothing was chosen. */
export async function pickImages(): Promise<readonly vscode.Uri[]> {
  const active = activeImage();
  const found = await vscode.workspace.findFiles(imageGlob, "**/node_modules/**", mostOffered);
  const others = found.filter((uri) => uri.toString() !== active?.toString());
  others.sort((a, b) => a.path.localeCompare(b.path));
  const chosen = await pickImage([...(active === undefined ? [] : [active]), ...others], { anyFile: true });
  if (chosen === undefined) return [];
  if (chosen !== "other") return [chosen];
  const filters = { [vscode.l10n.t("Images")]: imageExtensions };
  return (await vscode.window.showOpenDialog({ canSelectMany: true, filters })) ?? [];
}

/** Offers these images; the one that the keyboard is on is previewed in the editor. */
export async function pickImage(
  images: readonly vscode.Uri[],
  { anyFile = false }: { readonly anyFile?: boolean } = {},
): Promise<vscode.Uri | "other" | undefined> {
  const other: ImageItem = { label: vscode.l10n.t("$(folder-opened) Other File…"), alwaysShow: true };
  const items = images.map((uri): ImageItem => {
    const folder = vscode.workspace.asRelativePath(vscode.Uri.joinPath(uri, ".."));
    return { label: nameOf(uri), description: folder, iconPath: new vscode.ThemeIcon("file-media"), uri };
  });
  const picker = vscode.window.createQuickPick<ImageItem>();
  picker.title = vscode.l10n.t("Choose an Image");
  picker.items = anyFile ? [...items, other] : items;
  picker.matchOnDescription = true;
  // The preview must not close the list.
  picker.ignoreFocusOut = true;
  const preview = new Preview();
  try {
    return await new Promise((resolve) => {
      picker.onDidChangeActive(([item]) => {
        preview.show(item?.uri);
      });
      picker.onDidAccept(() => {
        const [item] = picker.selectedItems;
        resolve(item === undefined ? undefined : (item.uri ?? "other"));
      });
      picker.onDidHide(() => {
        resolve(undefined);
      });
      picker.show();
    });
  } finally {
    picker.dispose();
    await preview.close();
  }
}

/** A preview tab that goes with the list it belongs to. */
class Preview {
  #timer: NodeJS.Timeout | undefined;
  #shown: vscode.Uri | undefined;
  #opening: Thenable<unknown> | undefined;
  readonly #before = new Set(openAddresses());

  show(uri: vscode.Uri | undefined): void {
    clearTimeout(this.#timer);
    if (uri === undefined) return;
    // Holding an arrow key down must not open every image on the way.
    this.#timer = setTimeout(() => {
      this.#shown = uri;
      this.#opening = vscode.commands.executeCommand("vscode.open", uri, { preview: true, preserveFocus: true });
    }, previewDelayMilliseconds);
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#opening;
    const shown = this.#shown?.toString();
    if (shown === undefined || this.#before.has(shown)) return;
    const tabs = vscode.window.tabGroups.all.flatMap((group) => group.tabs);
    await vscode.window.tabGroups.close(tabs.filter((tab) => tab.isPreview && addressOf(tab) === shown));
  }
}

const openAddresses = (): string[] =>
  vscode.window.tabGroups.all.flatMap(({ tabs }) => tabs.map(addressOf)).filter((address) => address !== undefined);

const addressOf = ({ input }: vscode.Tab): string | undefined =>
  input instanceof vscode.TabInputCustom || input instanceof vscode.TabInputText ? input.uri.toString() : undefined;

function uriOf(value: unknown): vscode.Uri | undefined {
  if (value instanceof vscode.Uri) return value;
  if (typeof value !== "object" || value === null || !("resourceUri" in value)) return undefined;
  return value.resourceUri instanceof vscode.Uri ? value.resourceUri : undefined;
}

/** The drawn pictures that the panel shows: kept across reloads until they are removed, the oldest giving way. */
import * as vscode from "vscode";
import { isIllustrationForm } from "../../shared/illustration-protocol";
import { alone, replaceFile } from "../shared-file";
import { workspaceStorage } from "../workspace-storage";
import type { DrawnPicture, Recipe } from "./illustrator";

export interface StoredPicture {
  readonly id: string;
  readonly recipe: Recipe;
  /** File in the workspace that it was saved to last. */
  readonly saved?: string | undefined;
}

const mostPictures = 40;
const startPrefix = "start-";

/** The file of a drawn picture, in the folder of all of them. */
export const fileOf = (id: string): string => `${id}.png`;

export const picturesFolder = (context: vscode.ExtensionContext): vscode.Uri =>
  vscode.Uri.joinPath(workspaceStorage(context), "illustrations");

export class PictureStore {
  readonly root: vscode.Uri;
  #writing: Promise<void> = Promise.resolve();

  constructor(context: vscode.ExtensionContext) {
    this.root = picturesFolder(context);
  }

  file(id: string): vscode.Uri {
    return vscode.Uri.joinPath(this.root, fileOf(id));
  }

  /**
   * Newest first; read from disk each time, since another window may have added to it. A list that cannot be read is as
   * none: the pictures were only kept, never promised.
   */
  async list(): Promise<readonly StoredPicture[]> {
    try {
      const bytes = await vscode.workspace.fs.readFile(vscode.Uri.joinPath(this.root, "list.json"));
      const list: unknown = JSON.parse(new TextDecoder().decode(bytes));
      return Array.isArray(list) ? list.filter(isStoredPicture) : [];
    } catch {
      return [];
    }
  }

  async add({ png, recipe }: DrawnPicture): Promise<void> {
    const id = crypto.randomUUID();
    await vscode.workspace.fs.createDirectory(this.root);
    await vscode.workspace.fs.writeFile(this.file(id), png);
    await this.#change((pictures) => [{ id, recipe }, ...pictures]);
  }

  /**
   * Keeps a copy of a picture to start from; copies that nothing was drawn from go.
   *
   * @returns the name of its file.
   */
  async addStart(name: string, bytes: Uint8Array): Promise<string> {
    const file = `${startPrefix}${crypto.randomUUID()}${/\.\w+$/.exec(name)?.[0].toLowerCase() ?? ".png"}`;
    await vscode.workspace.fs.createDirectory(this.root);
    const used = new Set((await this.list()).map(({ recipe }) => recipe.form.from?.file));
    for (const [other] of await vscode.workspace.fs.readDirectory(this.root)) {
      if (!other.startsWith(startPrefix) || used.has(other)) continue;
      await vscode.workspace.fs.delete(vscode.Uri.joinPath(this.root, other));
    }
    await vscode.workspace.fs.writeFile(vscode.Uri.joinPath(this.root, file), bytes);
    return file;
  }

  async markSaved(id: string, saved: string): Promise<void> {
    await this.#change((pictures) => pictures.map((one) => (one.id === id ? { ...one, saved } : one)));
  }

  async remove(id: string): Promise<void> {
    await this.#change((pictures) => pictures.filter((one) => one.id !== id));
  }

  async read(id: string): Promise<DrawnPicture | undefined> {
    const recipe = (await this.list()).find((one) => one.id === id)?.recipe;
    return recipe === undefined ? undefined : { recipe, png: await vscode.workspace.fs.readFile(this.file(id)) };
  }

  /** One change after the other; the list is on disk before files that it no longer names go. */
  #change(edit: (pictures: readonly StoredPicture[]) => readonly StoredPicture[]): Promise<void> {
    const list = vscode.Uri.joinPath(this.root, "list.json").fsPath;
    const change = (): Promise<void> =>
      alone(list, async () => {
        const before = await this.list();
        const after = edit(before).slice(0, mostPictures);
        await replaceFile(list, JSON.stringify(after));
        const gone = before.filter(({ id }) => !after.some((one) => one.id === id));
        await Promise.allSettled(gone.map(({ id }) => vscode.workspace.fs.delete(this.file(id))));
      });
    const mine = this.#writing.then(change);
    this.#writing = mine.catch(() => undefined);
    return mine;
  }
}

function isStoredPicture(value: unknown): value is StoredPicture {
  if (typeof value !== "object" || value === null || !("id" in value && "recipe" in value)) return false;
  const { id, recipe } = value;
  const named = typeof id === "string" && /^[\w-]+$/.test(id);
  return named && typeof recipe === "object" && recipe !== null && "form" in recipe && isIllustrationForm(recipe.form);
}

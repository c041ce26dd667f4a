/** Where the library keeps things. */
import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import type { LibraryFolders } from "../../shared/library-protocol";

/** Folders of published files: the model's own or an encoder's. */
export const publishedFolder = ({ modelsRoot }: LibraryFolders, id: string): string => path.join(modelsRoot, id);

export const lockFile = ({ modelsRoot }: LibraryFolders, id: string): string =>
  path.join(modelsRoot, ".locks", `${id}.json`);

/** What is kept of a checkpoint that is prepared as it arrives. */
export const arrivingFolder = ({ preparedRoot }: LibraryFolders, id: string): string =>
  path.join(preparedRoot, `.arriving-${id}`);

/** Prepared folders of a model, whole ones and begun ones, by name. */
export async function preparedFolders({ preparedRoot }: LibraryFolders, id: string): Promise<readonly string[]> {
  const names = await readdir(preparedRoot).catch(() => []);
  return names.filter((name) => {
    const whole = name.replace(/^\.preparing-/, "");
    // One model's name may begin another's: what follows must be a precision and a source.
    return (
      whole.startsWith(`${id}-`) && /^(f32|int8|int4|f16)(-[a-z]+)?-[0-9a-f]{12}$/.test(whole.slice(id.length + 1))
    );
  });
}

/** Bytes of all files in a folder and below; 0 where there is none. */
export async function folderBytes(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  let bytes = 0;
  for (const entry of entries) {
    if (entry.isFile())
      bytes += (await stat(path.join(entry.parentPath, entry.name)).catch(() => undefined))?.size ?? 0;
  }
  return bytes;
}

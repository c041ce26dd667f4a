/**
 * Folders of encoders, found by name.
 *
 * config.json holds the paths of the training machine: their last component is a name to look for, no more. The hub
 * knows the same encoders by names that differ in case, punctuation and what stands before.
 */
import { readdir, stat } from "node:fs/promises";
import path from "node:path";

export interface SearchRoot {
  readonly folder: string;
  /** How many levels below `folder` are searched. */
  readonly depth: number;
}

export interface FoundFolder {
  /** The first folder of that name which holds one of the files; undefined where there is none. */
  readonly folder: string | undefined;
  /** The folders of that name; the roots, where there is none. */
  readonly searched: readonly string[];
}

/** Folders looked at, at most: a root may be a whole disk. */
const folderLimit = 4096;
/** Shorter names are never taken for the end of another. */
const shortestSuffix = 12;

/** @param files one of them must be in the folder. */
export async function findEncoderFolder(
  name: string,
  files: readonly string[],
  roots: readonly SearchRoot[],
): Promise<FoundFolder> {
  const named: string[] = [];
  for (const folder of await listFolders(roots)) if (isSameEncoder(path.basename(folder), name)) named.push(folder);
  // The very name first: the order of equals is that of the roots.
  const exact = (folder: string): number => Number(path.basename(folder).toLowerCase() === name.toLowerCase());
  named.sort((a, b) => exact(b) - exact(a));
  for (const folder of named) {
    for (const file of files) if (await isFile(path.join(folder, file))) return { folder, searched: named };
  }
  return { folder: undefined, searched: named.length > 0 ? named : roots.map((root) => root.folder) };
}

/** The first of the files that is in the folder. */
export async function findFile(folder: string, files: readonly string[]): Promise<string | undefined> {
  for (const file of files) if (await isFile(path.join(folder, file))) return path.join(folder, file);
  return undefined;
}

/** Whether two folder names mean one encoder, as "openclip-convnext-large-d" and "CLIP-convnext_large_d" do. */
export function isSameEncoder(one: string, other: string): boolean {
  const [a, b] = [one, other].map((name) => name.toLowerCase().replaceAll(/[^a-z0-9]/g, ""));
  if (a === undefined || b === undefined || a === "" || b === "") return false;
  return a === b || (Math.min(a.length, b.length) >= shortestSuffix && (a.endsWith(b) || b.endsWith(a)));
}

/** The roots and what lies below them, level by level. */
async function listFolders(roots: readonly SearchRoot[]): Promise<readonly string[]> {
  const found: string[] = [];
  for (const { folder, depth } of roots) {
    let level = [path.resolve(folder)];
    for (let below = 0; below <= depth && level.length > 0; below++) {
      found.push(...level.slice(0, Math.max(0, folderLimit - found.length)));
      if (found.length >= folderLimit) return found;
      level = below === depth ? [] : (await Promise.all(level.map(subfolders))).flat();
    }
  }
  return found;
}

/** A folder that may not be read holds nothing that could be used. */
async function subfolders(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
    .map(({ name }) => path.join(folder, name))
    .sort();
}

async function isFile(file: string): Promise<boolean> {
  return (await stat(file).catch(() => undefined))?.isFile() === true;
}

/**
 * A file of this machine that several windows write: replaced whole, by one of them at a time.
 *
 * Not through VS Code's file system: its rename deletes what is in the way first, so that for a moment, or after a crash
 * for good, there is no file.
 */
import { mkdir, open, rename, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";

const retryMilliseconds = 15;
/** Whoever holds a lock for longer has ended without giving it back. */
const staleMilliseconds = 5_000;

/** Tells one state of a file from another; undefined where there is none. */
export async function stampOf(file: string): Promise<string | undefined> {
  try {
    const { ino, mtimeNs, size } = await stat(file, { bigint: true });
    return `${ino} ${mtimeNs} ${size}`;
  } catch {
    return undefined;
  }
}

/** Whether there is surely no such file: one that merely cannot be read counts as there. */
export async function isMissing(file: string): Promise<boolean> {
  try {
    await stat(file);
    return false;
  } catch (thrown) {
    return hasCode(thrown, "ENOENT");
  }
}

/** Writes beside the file, in its folder, and renames into place: a crash leaves the old file or the new one. */
export async function replaceFile(file: string, content: string): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  const part = `${file}.part`;
  await writeFile(part, content);
  await rename(part, file);
}

/** Does what reads and replaces a file while no other window does. */
export async function alone<Result>(file: string, work: () => Promise<Result>): Promise<Result> {
  const lock = `${file}.lock`;
  await mkdir(path.dirname(file), { recursive: true });
  while (!(await taken(lock))) await delay(retryMilliseconds);
  try {
    return await work();
  } finally {
    await rm(lock, { force: true });
  }
}

async function taken(lock: string): Promise<boolean> {
  try {
    await (await open(lock, "wx")).close();
    return true;
  } catch (thrown) {
    if (!hasCode(thrown, "EEXIST")) throw thrown;
    const since = await stat(lock).then(
      ({ mtimeMs }) => Math.abs(Date.now() - mtimeMs),
      () => 0,
    );
    if (since > staleMilliseconds) await rm(lock, { force: true });
    return false;
  }
}

const hasCode = (thrown: unknown, code: string): boolean =>
  thrown instanceof Error && "code" in thrown && thrown.code === code;

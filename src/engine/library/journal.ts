/** What is known to be on disk of a model that is prepared as it arrives. */
import { readdir, readFile, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Mark } from "./shard-sink";

export interface Journal {
  /** Of each shard by its path: how far it has come. */
  readonly shards: Readonly<Record<string, Mark>>;
  /** Keys of the pieces of work that are done. */
  readonly finished: readonly string[];
}

const empty: Journal = { shards: {}, finished: [] };

/** An empty one where there is none, or one that cannot be read. */
export async function readJournal(file: string): Promise<Journal> {
  const text = await readFile(file, "utf8").catch(() => undefined);
  if (text === undefined) return empty;
  try {
    const value: unknown = JSON.parse(text);
    return isJournal(value) ? value : empty;
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return empty;
    throw thrown;
  }
}

export async function writeJournal(file: string, journal: Journal): Promise<void> {
  await writeFile(`${file}.new`, JSON.stringify(journal), { flush: true });
  await rename(`${file}.new`, file);
}

function isJournal(value: unknown): value is Journal {
  if (typeof value !== "object" || value === null) return false;
  const { shards, finished } = value as Partial<Record<keyof Journal, unknown>>;
  return (
    typeof shards === "object" &&
    shards !== null &&
    Object.values(shards).every(isMark) &&
    Array.isArray(finished) &&
    finished.every((key) => typeof key === "string")
  );
}

function isMark(value: unknown): value is Mark {
  if (typeof value !== "object" || value === null) return false;
  const { offset, state } = value as Partial<Record<keyof Mark, unknown>>;
  return typeof offset === "number" && Number.isSafeInteger(offset) && offset >= 0 && typeof state === "string";
}

/** Bytes of shards that have arrived, by the journals in a folder. */
export async function arrivingShardBytes(folder: string): Promise<number> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith(".json"));
  const journals = await Promise.all(names.map((name) => readJournal(path.join(folder, name))));
  const bytes = journals.map(({ shards }) => Object.values(shards).reduce((n, { offset }) => n + offset, 0));
  return Math.max(0, ...bytes);
}

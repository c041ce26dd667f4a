/**
 * Claims of processes on things on disk: a file that its process touches while it lives.
 *
 * A lock is held by one process at a time; users of a thing are counted. A claim is stale where its process is gone,
 * or has not touched it for long (the process number may be another's by now, and other hosts' processes cannot be
 * asked): the next one takes it over.
 */
import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { throwIfCancelled } from "../../shared/failure";

export interface Lease {
  release(): Promise<void>;
}

interface Claim {
  readonly process: number;
  readonly host: string;
  readonly token: string;
  /** What is claimed, where the file's name does not tell. */
  readonly claimed: readonly string[];
}

const touchMilliseconds = 10_000;
/** A native run blocks its process's thread, and so the touching, for minutes at worst. */
const staleMilliseconds = 15 * 60_000;
const askMilliseconds = 250;
const writingMilliseconds = 2_000;

/** @returns the lock, or the number of the process that holds it. @throws what the file system throws. */
export async function tryLock(file: string): Promise<Lease | number> {
  await mkdir(path.dirname(file), { recursive: true });
  for (;;) {
    const claim = newClaim([]);
    try {
      await writeFile(file, JSON.stringify(claim), { flag: "wx" });
      return keep(file, claim);
    } catch (thrown) {
      if (codeOf(thrown) !== "EEXIST") throw thrown;
    }
    const held = await readClaim(file);
    if (held !== undefined && (await isLive(file, held))) return held.process;
    // A claim without content is just being written, or its process died doing that.
    if (held === undefined && (await ageOf(file)) < writingMilliseconds) await wait(askMilliseconds / 10);
    else await takeAway(file, held);
  }
}

/** The process that holds a lock; null where none does. */
export async function lockHolder(file: string): Promise<number | null> {
  const held = await readClaim(file);
  return held !== undefined && (await isLive(file, held)) ? held.process : null;
}

/** Waits for a lock. @throws FailureError `cancelled`. */
export async function lock(file: string, signal?: AbortSignal): Promise<Lease> {
  for (;;) {
    throwIfCancelled(signal);
    const taken = await tryLock(file);
    if (typeof taken !== "number") return taken;
    await wait(askMilliseconds, undefined, signal === undefined ? {} : { signal });
  }
}

/** Notes in `folder` that this process uses these things. */
export async function claimUse(folder: string, claimed: readonly string[]): Promise<Lease> {
  await mkdir(folder, { recursive: true });
  const claim = newClaim(claimed.map((thing) => path.resolve(thing)));
  const file = path.join(folder, `${claim.token}.json`);
  await writeFile(file, JSON.stringify(claim), { flag: "wx" });
  return keep(file, claim);
}

/** The processes that use this, or something inside it. Claims of processes that are gone are removed. */
export async function usersOf(folder: string, thing: string): Promise<readonly number[]> {
  const wanted = path.resolve(thing);
  const users = new Set<number>();
  for (const name of await readdir(folder).catch(() => [])) {
    const file = path.join(folder, name);
    const claim = await readClaim(file);
    if (claim === undefined) continue;
    if (!(await isLive(file, claim))) await rm(file, { force: true });
    else if (claim.claimed.some((used) => used === wanted || used.startsWith(wanted + path.sep))) {
      users.add(claim.process);
    }
  }
  return [...users];
}

function newClaim(claimed: readonly string[]): Claim {
  return { process: process.pid, host: os.hostname(), token: randomUUID(), claimed };
}

function keep(file: string, { token }: Claim): Lease {
  const timer = setInterval(() => {
    const now = new Date();
    // A claim that somebody took over is not touched again; its owner finds out when it releases.
    utimes(file, now, now).catch(() => {
      clearInterval(timer);
    });
  }, touchMilliseconds).unref();
  return {
    release: async () => {
      clearInterval(timer);
      if ((await readClaim(file))?.token === token) await rm(file, { force: true });
    },
  };
}

async function isLive(file: string, { process: number, host }: Claim): Promise<boolean> {
  if ((await ageOf(file)) > staleMilliseconds) return false;
  return host !== os.hostname() || isRunning(number);
}

/** Milliseconds since it was touched; endless where it is gone. */
async function ageOf(file: string): Promise<number> {
  const found = await stat(file).catch(() => undefined);
  return found === undefined ? Infinity : Date.now() - found.mtimeMs;
}

function isRunning(number: number): boolean {
  try {
    process.kill(number, 0);
    return true;
  } catch (thrown) {
    // Anything but "no such process" means that there is one.
    return codeOf(thrown) !== "ESRCH";
  }
}

/** Removes a stale claim, unless it has become another's in the meantime. */
async function takeAway(file: string, stale: Claim | undefined): Promise<void> {
  const aside = `${file}.${randomUUID()}`;
  try {
    await rename(file, aside);
  } catch (thrown) {
    if (codeOf(thrown) === "ENOENT") return;
    throw thrown;
  }
  const taken = await readClaim(aside);
  if (taken !== undefined && taken.token !== stale?.token) await rename(aside, file);
  else await rm(aside, { force: true });
}

/** Undefined where there is none, or one that its process died writing. */
async function readClaim(file: string): Promise<Claim | undefined> {
  const text = await readFile(file, "utf8").catch(() => "");
  try {
    const value: unknown = JSON.parse(text);
    return isClaim(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isClaim(value: unknown): value is Claim {
  if (typeof value !== "object" || value === null) return false;
  const { process: number, host, token, claimed } = value as Partial<Record<keyof Claim, unknown>>;
  return (
    Number.isSafeInteger(number) && typeof host === "string" && typeof token === "string" && Array.isArray(claimed)
  );
}

const codeOf = (thrown: unknown): unknown => (thrown instanceof Error && "code" in thrown ? thrown.code : undefined);

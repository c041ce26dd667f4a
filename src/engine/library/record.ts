/** What the library knows of a model: which files it consists of, and how far it is. A file in the model's folder. */
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Precision } from "../../shared/protocol";
import type { Digest } from "../hub/hub";

export interface RecordedFile {
  /** Name of the folder beside the other models', the model's own or an encoder's. */
  readonly folder: string;
  /** In that folder, with `/`. */
  readonly path: string;
  readonly bytes: number;
  readonly digest: Digest;
  /** Small texts stay when the published weights are deleted. */
  readonly weights: boolean;
}

export interface PreparedRecord {
  readonly precision: Precision;
  /** Name of the folder under the prepared models. */
  readonly folder: string;
  /** SHA-256 of each file. */
  readonly digests: Readonly<Record<string, string>>;
}

export interface ModelRecord {
  readonly version: 1;
  readonly repository: string;
  /** The commit that its files are of. */
  readonly commit: string;
  readonly files: readonly RecordedFile[];
  readonly complete: boolean;
  /** Whether the published weights are kept. */
  readonly published: boolean;
  readonly prepared: readonly PreparedRecord[];
  /** Files that were found to be other than published. */
  readonly damaged: readonly string[];
}

export const recordName = ".mini-gemini.json";

const safeSegment = /^(?!\.{1,2}$)[^/\\:\0]+$/;

/** Undefined where there is none, or one that cannot be read or names places outside. */
export async function readRecord(folder: string): Promise<ModelRecord | undefined> {
  const text = await readFile(path.join(folder, recordName), "utf8").catch(() => "");
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return undefined;
    throw thrown;
  }
}

export async function writeRecord(folder: string, record: ModelRecord): Promise<void> {
  await mkdir(folder, { recursive: true });
  const file = path.join(folder, recordName);
  await writeFile(`${file}.new`, JSON.stringify(record, undefined, 1), { flush: true });
  await rename(`${file}.new`, file);
}

export const isSafePath = (name: string): boolean => name.split("/").every((segment) => safeSegment.test(segment));

/** A record may have come in an archive: what it says is believed only where it cannot do harm. */
function isRecord(value: unknown): value is ModelRecord {
  if (!isObject(value)) return false;
  const { version, repository, commit, files, complete, published, prepared, damaged } = value;
  return (
    version === 1 &&
    typeof repository === "string" &&
    typeof commit === "string" &&
    typeof complete === "boolean" &&
    typeof published === "boolean" &&
    Array.isArray(files) &&
    files.every(isRecordedFile) &&
    Array.isArray(prepared) &&
    prepared.every(isPrepared) &&
    Array.isArray(damaged) &&
    damaged.every((name) => typeof name === "string")
  );
}

function isRecordedFile(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { folder, path: name, bytes, digest, weights } = value;
  return (
    isSegment(folder) &&
    typeof name === "string" &&
    isSafePath(name) &&
    Number.isSafeInteger(bytes) &&
    typeof weights === "boolean" &&
    isObject(digest) &&
    (digest["kind"] === "sha256" || digest["kind"] === "git-blob") &&
    typeof digest["value"] === "string"
  );
}

function isPrepared(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { precision, folder, digests } = value;
  return (
    (precision === "f32" || precision === "int8" || precision === "int4") &&
    isSegment(folder) &&
    isObject(digests) &&
    Object.entries(digests).every(([name, digest]) => isSegment(name) && typeof digest === "string")
  );
}

const isSegment = (value: unknown): boolean => typeof value === "string" && safeSegment.test(value);

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

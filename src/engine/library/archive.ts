/**
 * The files of a folder, a tar or a zip, one after the other, as strangers' files: only what a model consists of comes
 * out, under names that lead nowhere else. Links, devices and code are passed over.
 */
import { createReadStream } from "node:fs";
import { opendir, stat } from "node:fs/promises";
import path from "node:path";
import { type Readable, pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { extract } from "tar-stream";
import yauzl from "yauzl";
import { FailureError } from "../../shared/failure";
import { isSafePath, recordName } from "./record";

export interface ArchivedFile {
  /** With `/`, in the archive or the folder. */
  readonly path: string;
  readonly bytes: number;
}

/** Takes a file's bytes; the next file comes when it is done. */
export type TakeFile = (file: ArchivedFile, content: Readable) => Promise<void>;

/** More files than any set of models has. */
const entryLimit = 20_000;
const depthLimit = 8;

const wanted =
  /^[\w.+-]+\.(json|safetensors|txt|model|onnx)$|^(open_clip_)?pytorch_model(-\d+-of-\d+)?\.bin$|^[\w-]+-\d{5}\.bin$/;

/** Whether a file of this name can be part of a model. */
export const isModelFile = (name: string): boolean => {
  const base = path.posix.basename(name);
  return isSafePath(name) && (base === recordName || wanted.test(base)) && name.split("/").length <= depthLimit;
};

/** @throws FailureError `archive-invalid`, `file-missing`, and what `take` throws. */
export async function readArchive(source: string, take: TakeFile): Promise<void> {
  const found = await stat(source).catch(() => undefined);
  if (found === undefined) throw new FailureError({ code: "file-missing", file: source });
  try {
    if (found.isDirectory()) await readFolder(source, "", { left: entryLimit }, take);
    else if (/\.zip$/i.test(source)) await readZip(source, take);
    else if (/\.(tar|tar\.gz|tgz)$/i.test(source)) await readTar(source, take);
    else throw new FailureError({ code: "archive-invalid", file: source, reason: "its kind is not known" });
  } catch (thrown) {
    if (thrown instanceof FailureError || !(thrown instanceof Error)) throw thrown;
    if (thrown.name === "AbortError") throw thrown;
    throw new FailureError({ code: "archive-invalid", file: source, reason: thrown.message }, { cause: thrown });
  }
}

async function readFolder(root: string, below: string, limit: { left: number }, take: TakeFile): Promise<void> {
  for await (const entry of await opendir(path.join(root, below))) {
    if (limit.left-- <= 0) throw new Error("it holds too many files");
    const name = below === "" ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory() && name.split("/").length < depthLimit) await readFolder(root, name, limit, take);
    // The hub's own cache holds links; those are followed to files only.
    const file = path.join(root, name);
    const found = entry.isDirectory() ? undefined : await stat(file).catch(() => undefined);
    if (found?.isFile() === true && isModelFile(name)) {
      await take({ path: name, bytes: found.size }, createReadStream(file, { highWaterMark: 1 << 20 }));
    }
  }
}

async function readTar(source: string, take: TakeFile): Promise<void> {
  const unpacked = extract();
  const file = createReadStream(source, { highWaterMark: 1 << 20 });
  const ended = new Promise<void>((resolve, reject) => {
    const done = (error: Error | null | undefined): void => {
      if (error) reject(error);
      else resolve();
    };
    if (/\.tar$/i.test(source)) pipeline(file, unpacked, done);
    else pipeline(file, createGunzip(), unpacked, done);
  });
  // Whoever reads the entries is told of the error too; this copy of it is looked at in the end.
  ended.catch(() => undefined);
  let entries = 0;
  for await (const entry of unpacked) {
    if (++entries > entryLimit) throw new Error("it holds too many files");
    const { name, type, size = 0 } = entry.header;
    const plain = name.replace(/^(\.\/)+/, "");
    if (type === "file" && isModelFile(plain)) await take({ path: plain, bytes: size }, entry);
    else entry.resume();
  }
  await ended;
}

async function readZip(source: string, take: TakeFile): Promise<void> {
  const zip = await yauzl.openPromise(source, { strictFileNames: true, validateEntrySizes: true });
  try {
    if (zip.entryCount > entryLimit) throw new Error("it holds too many files");
    for await (const entry of zip.eachEntry()) {
      const mode = (entry.externalFileAttributes >>> 16) & 0o170000;
      const isLink = mode === 0o120000;
      if (entry.fileName.endsWith("/") || isLink || !isModelFile(entry.fileName)) continue;
      await take({ path: entry.fileName, bytes: entry.uncompressedSize }, await zip.openReadStreamPromise(entry));
    }
  } finally {
    zip.close();
  }
}

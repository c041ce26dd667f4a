/**
 * One file downloaded: written beside its place, hashed as it arrives, and moved there when it is what was published.
 *
 * What has arrived of it is all the state there is: it is named after the file's digest, so that it can only be gone
 * on with for the same content, and hashed again from disk, so that nobody can have changed it in between.
 */
import { type FileHandle, mkdir, open, rename, rm, stat } from "node:fs/promises";
import type { Hash } from "node:crypto";
import path from "node:path";
import { failureOf } from "../../shared/failure";
import { asWriteFailure } from "../weights/output-file";
import { checkDigest, hashFile, newHash } from "./digest";
import type { Hub, HubFile, Revision } from "./hub";
import { streamFile, type ByteSink, type StreamOptions } from "./stream-file";

/** Where what has arrived of a file is kept. */
export const partOf = (target: string, { digest }: HubFile): string => `${target}.${digest.value.slice(0, 12)}.part`;

/** Bytes of a file that are here, whole or in part. */
export async function arrivedBytes(target: string, file: HubFile): Promise<number> {
  const size = async (name: string): Promise<number | undefined> => (await stat(name).catch(() => undefined))?.size;
  const whole = await size(target);
  if (whole === file.bytes) return whole;
  return Math.min((await size(partOf(target, file))) ?? 0, file.bytes);
}

/**
 * Downloads a file unless it is there.
 *
 * @throws FailureError as `streamFile`; `download-mismatch`, after which nothing is left of it; `disk-full`,
 *   `write-failed`.
 */
export async function downloadFile(
  hub: Hub,
  revision: Revision,
  file: HubFile,
  target: string,
  options: StreamOptions,
): Promise<void> {
  // A file is only ever moved to its name when its digest was right.
  if ((await stat(target).catch(() => undefined))?.size === file.bytes) return;
  await mkdir(path.dirname(target), { recursive: true });
  const part = partOf(target, file);
  const resumes = (await stat(part).catch(() => undefined)) !== undefined;
  try {
    await downloadPart(hub, revision, file, part, options);
  } catch (thrown) {
    // What was here before may have been the wrong part: the file gets one try from its first byte.
    if (!resumes || failureOf(thrown).code !== "download-mismatch") throw thrown;
    await downloadPart(hub, revision, file, part, options);
  }
  await rename(part, target);
}

/** Goes on with a part until it is the whole file. */
async function downloadPart(
  hub: Hub,
  revision: Revision,
  file: HubFile,
  part: string,
  options: StreamOptions,
): Promise<void> {
  const hash = newHash(file.digest.kind, file.bytes);
  const sink = await PartFile.open(part, file, hash, options.signal);
  try {
    await streamFile(hub, revision, file, sink, options);
    await sink.sync();
  } finally {
    await sink.close();
  }
  try {
    checkDigest(`${revision.repository}/${file.path}`, file.digest, hash.digest("hex"));
  } catch (thrown) {
    await rm(part, { force: true });
    throw thrown;
  }
}

class PartFile implements ByteSink {
  position: number;
  readonly #path: string;
  readonly #bytes: number;
  readonly #handle: FileHandle;
  readonly #hash: Hash;

  private constructor(path: string, bytes: number, position: number, handle: FileHandle, hash: Hash) {
    this.#path = path;
    this.#bytes = bytes;
    this.position = position;
    this.#handle = handle;
    this.#hash = hash;
  }

  /** Goes on with what is there. */
  static async open(path: string, file: HubFile, hash: Hash, signal: AbortSignal | undefined): Promise<PartFile> {
    let position = (await stat(path).catch(() => undefined))?.size ?? 0;
    if (position > file.bytes) {
      await rm(path, { force: true });
      position = 0;
    }
    if (position > 0) await hashFile(path, hash, { signal });
    try {
      return new PartFile(path, file.bytes, position, await open(path, "a"), hash);
    } catch (thrown) {
      throw await asWriteFailure(path, file.bytes, thrown);
    }
  }

  async write(bytes: Uint8Array): Promise<void> {
    try {
      for (let done = 0; done < bytes.length;) {
        const { bytesWritten } = await this.#handle.write(bytes, done);
        this.#hash.update(bytes.subarray(done, done + bytesWritten));
        done += bytesWritten;
        this.position += bytesWritten;
      }
    } catch (thrown) {
      throw await asWriteFailure(this.#path, this.#bytes - this.position, thrown);
    }
  }

  sync(): Promise<void> {
    return this.#handle.datasync();
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

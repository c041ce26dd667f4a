/** A new file written at any position: whole in the end, or removed. */
import { constants } from "node:fs";
import { type FileHandle, open, rm, statfs } from "node:fs/promises";
import path from "node:path";
import { FailureError } from "../../shared/failure";

export class OutputFile {
  readonly path: string;
  /** What the file will have in the end. */
  readonly byteLength: number;
  readonly #handle: FileHandle;

  private constructor(path: string, byteLength: number, handle: FileHandle) {
    this.path = path;
    this.byteLength = byteLength;
    this.#handle = handle;
  }

  /** Creates the file, or empties the one that is there. @throws FailureError `disk-full`, `write-failed`. */
  static async create(path: string, byteLength: number): Promise<OutputFile> {
    try {
      return new OutputFile(path, byteLength, await open(path, "w"));
    } catch (thrown) {
      throw await asWriteFailure(path, byteLength, thrown);
    }
  }

  /** Opens a file to go on with, or creates it. @throws FailureError `disk-full`, `write-failed`. */
  static async reopen(path: string, byteLength: number): Promise<OutputFile> {
    try {
      return new OutputFile(path, byteLength, await open(path, constants.O_RDWR | constants.O_CREAT));
    } catch (thrown) {
      throw await asWriteFailure(path, byteLength, thrown);
    }
  }

  /** Brings what was written to the disk. @throws FailureError `disk-full`, `write-failed`. */
  async sync(): Promise<void> {
    try {
      await this.#handle.datasync();
    } catch (thrown) {
      throw await asWriteFailure(this.path, this.byteLength, thrown);
    }
  }

  /** @throws FailureError `disk-full`, `write-failed`. */
  async write(bytes: Uint8Array, position: number): Promise<void> {
    try {
      // A disk that is nearly full takes a part and says nothing; only the next write fails.
      for (let done = 0; done < bytes.length;) {
        const { bytesWritten } = await this.#handle.write(bytes, done, bytes.length - done, position + done);
        done += bytesWritten;
      }
    } catch (thrown) {
      throw await asWriteFailure(this.path, this.byteLength, thrown);
    }
  }

  /** Ends a file that is whole. @throws FailureError `disk-full`, `write-failed`. */
  async close(): Promise<void> {
    try {
      await this.#handle.close();
    } catch (thrown) {
      throw await asWriteFailure(this.path, this.byteLength, thrown);
    }
  }

  /** Removes a file that is not to be. */
  async discard(): Promise<void> {
    await this.#handle.close();
    await rm(this.path, { force: true });
  }
}

/** Error codes that mean: no room left, for anyone or for this user. */
const fullCodes = new Set(["ENOSPC", "EDQUOT"]);

/** An error of the file system as a failure of writing; anything else as it is. */
export async function asWriteFailure(file: string, neededBytes: number, thrown: unknown): Promise<unknown> {
  if (!(thrown instanceof Error) || !("code" in thrown) || typeof thrown.code !== "string") return thrown;
  if (!fullCodes.has(thrown.code)) {
    return new FailureError({ code: "write-failed", file, reason: thrown.code }, { cause: thrown });
  }
  const folder = path.dirname(file);
  const { bavail, bsize } = await statfs(folder);
  return new FailureError(
    { code: "disk-full", folder, neededBytes, availableBytes: bavail * bsize },
    { cause: thrown },
  );
}

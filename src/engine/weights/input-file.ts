/** A file open for reading at any position. */
import { type FileHandle, open, stat } from "node:fs/promises";
import { FailureError } from "../../shared/failure";

export class InputFile {
  readonly path: string;
  readonly byteLength: number;
  readonly #handle: FileHandle;

  private constructor(path: string, byteLength: number, handle: FileHandle) {
    this.path = path;
    this.byteLength = byteLength;
    this.#handle = handle;
  }

  /** @throws FailureError `file-missing`, `file-unreadable`. */
  static async open(path: string): Promise<InputFile> {
    try {
      // Asked before opening: to open a named pipe is to wait for its other end.
      const found = await stat(path);
      if (!found.isFile()) throw new FailureError({ code: "file-unreadable", file: path, reason: "it is not a file" });
      return new InputFile(path, found.size, await open(path, "r"));
    } catch (thrown) {
      throw asReadFailure(path, thrown);
    }
  }

  /** @throws FailureError `file-unreadable`, also where the file ends before the bytes asked for. */
  async read(position: number, byteLength: number): Promise<Buffer> {
    const bytes = Buffer.alloc(byteLength);
    try {
      for (let done = 0; done < byteLength;) {
        const { bytesRead } = await this.#handle.read(bytes, done, byteLength - done, position + done);
        if (bytesRead === 0) {
          throw new FailureError({ code: "file-unreadable", file: this.path, reason: "it ends early" });
        }
        done += bytesRead;
      }
    } catch (thrown) {
      throw asReadFailure(this.path, thrown);
    }
    return bytes;
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

/** An error of the file system as a failure; anything else as it is. */
export function asReadFailure(file: string, thrown: unknown): unknown {
  if (!(thrown instanceof Error) || !("code" in thrown) || typeof thrown.code !== "string") return thrown;
  if (thrown.code === "ENOENT" || thrown.code === "ENOTDIR") {
    return new FailureError({ code: "file-missing", file }, { cause: thrown });
  }
  return new FailureError({ code: "file-unreadable", file, reason: thrown.code }, { cause: thrown });
}

/** What people find in place of weights, told from the first bytes; undefined where they say nothing. */
export function describeStart(start: Buffer): string | undefined {
  const text = start.toString("latin1").trimStart().toLowerCase();
  if (text.startsWith("version https://git-lfs")) return "it is a Git LFS pointer, not the file itself";
  if (text.startsWith("<")) return "it is a web page, not the file itself";
  if (text.startsWith("pk\u0003\u0004")) return "it is a zip archive, as PyTorch writes them";
  return undefined;
}

/** The bytes of an image as it was given. */
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { FailureError, throwIfCancelled } from "../../shared/failure";
import type { ImageSource } from "../../shared/protocol";
import { fileLimit } from "./limits";

const chunkBytes = 4 * 2 ** 20;

/** Opening a pipe would otherwise wait for a writer. Windows has no such flag. */
const flags = constants.O_RDONLY | ((constants.O_NONBLOCK as number | undefined) ?? 0);

/** @throws FailureError `file-missing`, `file-unreadable`, `file-too-large`, `cancelled`. */
export async function readSource({ name, data }: ImageSource, signal: AbortSignal | undefined): Promise<Buffer> {
  if (data.kind === "bytes") {
    const { buffer, byteOffset, byteLength } = data.bytes;
    if (byteLength > fileLimit) throw tooLarge(name, byteLength);
    return Buffer.from(buffer, byteOffset, byteLength);
  }
  const { file } = data;
  let handle: FileHandle | undefined;
  try {
    handle = await open(file, flags);
    const found = await handle.stat();
    if (!found.isFile()) throw new FailureError({ code: "file-unreadable", file, reason: "it is not a regular file" });
    if (found.size > fileLimit) throw tooLarge(file, found.size);
    return await readAll(handle, file, { expected: found.size, signal });
  } catch (thrown) {
    if (thrown instanceof FailureError) throw thrown;
    const reason = thrown instanceof Error && "code" in thrown ? String(thrown.code) : String(thrown);
    const missing = reason === "ENOENT" || reason === "ENOTDIR";
    throw new FailureError(missing ? { code: "file-missing", file } : { code: "file-unreadable", file, reason }, {
      cause: thrown,
    });
  } finally {
    await handle?.close();
  }
}

/** Up to the end, wherever it is by now: files grow and shrink while they are read. */
async function readAll(
  handle: FileHandle,
  file: string,
  { expected, signal }: { readonly expected: number; readonly signal: AbortSignal | undefined },
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for (let total = 0; ;) {
    throwIfCancelled(signal);
    const chunk = Buffer.allocUnsafe(Math.min(Math.max(expected - total, 0) + 1, chunkBytes));
    const { bytesRead } = await handle.read(chunk, 0, chunk.length);
    if (bytesRead === 0) return Buffer.concat(chunks, total);
    total += bytesRead;
    if (total > fileLimit) throw tooLarge(file, total);
    chunks.push(chunk.subarray(0, bytesRead));
  }
}

function tooLarge(file: string, bytes: number): FailureError {
  return new FailureError({ code: "file-too-large", file, bytes, limit: fileLimit });
}

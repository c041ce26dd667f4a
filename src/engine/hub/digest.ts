/** Hashes of files, as the hub publishes them. Source: git-lfs, docs/spec.md (oid); git, "Git Objects" (blobs). */
import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { FailureError, throwIfCancelled } from "../../shared/failure";
import { asReadFailure } from "../weights/input-file";
import type { Digest } from "./hub";

/** A hash that is fed the bytes of a file of this size. */
export function newHash(kind: Digest["kind"], bytes: number): Hash {
  return kind === "sha256" ? createHash("sha256") : createHash("sha1").update(`blob ${bytes}\0`);
}

export interface DigestOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

/**
 * Feeds a file to a hash.
 *
 * @throws FailureError `file-missing`, `file-unreadable`, `cancelled`.
 */
export async function hashFile(file: string, hash: Hash, { signal, onBytes }: DigestOptions = {}): Promise<void> {
  try {
    for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) {
      throwIfCancelled(signal);
      const bytes = chunk as Buffer;
      hash.update(bytes);
      onBytes?.(bytes.length);
    }
  } catch (thrown) {
    throw asReadFailure(file, thrown);
  }
}

/** Lower-case hex of a whole file. @throws FailureError as `hashFile`. */
export async function sha256Of(file: string, options: DigestOptions = {}): Promise<string> {
  const hash = createHash("sha256");
  await hashFile(file, hash, options);
  return hash.digest("hex");
}

/** @throws FailureError `download-mismatch`. */
export function checkDigest(file: string, expected: Digest, found: string): void {
  if (found === expected.value) return;
  throw new FailureError({ code: "download-mismatch", file, expected: expected.value, found });
}

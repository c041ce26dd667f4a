/**
 * Files written whole or not at all: beside their place first, then renamed into it.
 *
 * Knows VS Code's file system by its types only, so that its failures can be tested without a full disk.
 */
import type { FileSystem, Uri } from "vscode";
import { type Failure, FailureError } from "../../shared/failure";

export interface Destination {
  readonly file: Uri;
  /** The file's folder, which must be there: it is not made. */
  readonly folder: Uri;
  /** A free name in the same folder. */
  readonly part: Uri;
  /** What people know the file and its folder by. */
  readonly name: string;
  readonly folderName: string;
  /** Whether the person has agreed to lose what is there. */
  readonly overwrite: boolean;
}

/** @throws FailureError `folder-missing`, `file-exists`, `write-refused`, `write-no-space`, `write-failed`. */
export async function writeWhole(
  files: Pick<FileSystem, "stat" | "writeFile" | "rename" | "delete">,
  { file, folder, part, name, folderName, overwrite }: Destination,
  bytes: Uint8Array,
): Promise<void> {
  try {
    // Writing would make the folder anew, which nobody has asked for.
    await files.stat(folder);
  } catch (thrown) {
    const failure = writeFailure(thrown, name, bytes.length);
    throw new FailureError(
      failure.code === "write-refused" ? failure : { code: "folder-missing", folder: folderName },
      { cause: thrown },
    );
  }
  try {
    await files.writeFile(part, bytes);
    await files.rename(part, file, { overwrite });
  } catch (thrown) {
    // What cannot be taken away was as a rule never there.
    await Promise.resolve(files.delete(part)).catch(() => undefined);
    throw new FailureError(writeFailure(thrown, name, bytes.length), { cause: thrown });
  }
}

/** What VS Code's file systems tell by a code, and what they pass on of the system in the message. */
function writeFailure(thrown: unknown, file: string, neededBytes: number): Failure {
  const code = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "";
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  if (code === "FileExists" || /\bEEXIST\b/.test(message)) return { code: "file-exists", file };
  if (/\bENOSPC\b|\bEDQUOT\b|no space left/i.test(message)) return { code: "write-no-space", file, neededBytes };
  if (code === "NoPermissions" || /\b(?:EROFS|EACCES|EPERM)\b|read-?only/i.test(message)) {
    return { code: "write-refused", file };
  }
  if (/\bENAMETOOLONG\b/.test(message)) return { code: "file-name-invalid", file };
  return { code: "write-failed", file, reason: message.slice(0, 300) };
}

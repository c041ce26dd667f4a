/** Images in the workspace: which files they are, and reading them. */
import * as vscode from "vscode";
import { FailureError } from "../shared/failure";
import type { ImageSource } from "../shared/protocol";
import { largestPaste } from "../shared/view-protocol";

export const imageExtensions = ["png", "jpg", "jpeg", "webp", "gif", "avif", "tif", "tiff", "svg", "bmp"];
const pattern = new RegExp(`\\.(${imageExtensions.join("|")})$`, "i");

/** Matches every image, for `findFiles`, which minds upper and lower case. */
export const imageGlob = `**/*.{${[...imageExtensions, ...imageExtensions.map((name) => name.toUpperCase())].join(",")}}`;

export const isImage = (uri: vscode.Uri): boolean => pattern.test(uri.path);
export const nameOf = (uri: vscode.Uri | undefined): string => uri?.path.split("/").at(-1) ?? "image";

/** @throws FailureError `file-missing`, `file-too-large`, `file-unreadable`. */
export async function readImage(uri: vscode.Uri): Promise<Uint8Array> {
  const file = vscode.workspace.asRelativePath(uri);
  try {
    const { size } = await vscode.workspace.fs.stat(uri);
    if (size > largestPaste) throw new FailureError({ code: "file-too-large", file, bytes: size, limit: largestPaste });
    return await vscode.workspace.fs.readFile(uri);
  } catch (error) {
    if (error instanceof FailureError) throw error;
    if (error instanceof vscode.FileSystemError && error.code === "FileNotFound") {
      throw new FailureError({ code: "file-missing", file }, { cause: error });
    }
    const reason = error instanceof Error ? error.message : String(error);
    throw new FailureError({ code: "file-unreadable", file, reason }, { cause: error });
  }
}

/** The image for the engine, read through VS Code: the engine could not reach a virtual file system. */
export const imageSource = async (uri: vscode.Uri): Promise<ImageSource> => ({
  name: nameOf(uri),
  data: { kind: "bytes", bytes: await readImage(uri) },
});

export const exists = (uri: vscode.Uri): Thenable<boolean> =>
  vscode.workspace.fs.stat(uri).then(
    () => true,
    () => false,
  );

/** Saving whole or not at all: full disks, read-only folders, names taken meanwhile, folders gone. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { FileStat, FileSystem, Uri } from "vscode";
import { writeWhole } from "../../../src/extension/illustrate/write-file";
import { failureOf } from "../../../src/shared/failure";

/** As VS Code's file systems fail: a code, and the system's words. */
class FileSystemError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

const notFound = (): FileSystemError => new FileSystemError("FileNotFound", "no such file or directory");
const key = (uri: Uri): string => uri.path;
const uri = (path: string): Uri => ({ path }) as unknown as Uri;

/** A file system in memory; `failing` says with what its methods fail. */
class Files implements Pick<FileSystem, "stat" | "writeFile" | "rename" | "delete"> {
  readonly contents = new Map<string, Uint8Array>([["/w/there.png", Uint8Array.of(1)]]);
  readonly failing: Partial<Record<"stat" | "writeFile" | "rename" | "delete", Error>> = {};
  /** What a failing write leaves behind. */
  leaves: Uint8Array | undefined;

  stat(place: Uri): Promise<FileStat> {
    if (this.failing.stat !== undefined) return Promise.reject(this.failing.stat);
    if (key(place) !== "/w") return Promise.reject(notFound());
    return Promise.resolve({} as FileStat);
  }

  writeFile(place: Uri, bytes: Uint8Array): Promise<void> {
    if (this.failing.writeFile !== undefined) {
      if (this.leaves !== undefined) this.contents.set(key(place), this.leaves);
      return Promise.reject(this.failing.writeFile);
    }
    this.contents.set(key(place), bytes);
    return Promise.resolve();
  }

  rename(from: Uri, to: Uri, options?: { overwrite?: boolean }): Promise<void> {
    if (this.failing.rename !== undefined) return Promise.reject(this.failing.rename);
    if (this.contents.has(key(to)) && options?.overwrite !== true) {
      return Promise.reject(new FileSystemError("FileExists", "file exists"));
    }
    const bytes = this.contents.get(key(from));
    if (bytes === undefined) return Promise.reject(notFound());
    this.contents.delete(key(from));
    this.contents.set(key(to), bytes);
    return Promise.resolve();
  }

  delete(place: Uri): Promise<void> {
    if (this.failing.delete !== undefined) return Promise.reject(this.failing.delete);
    return this.contents.delete(key(place)) ? Promise.resolve() : Promise.reject(notFound());
  }
}

const bytes = Uint8Array.of(5, 6, 7);

async function write(
  files: Files,
  { name = "new.png", folder = "/w", overwrite = false }: { name?: string; folder?: string; overwrite?: boolean } = {},
): Promise<unknown> {
  try {
    const place = { file: uri(`${folder}/${name}`), folder: uri(folder), part: uri(`${folder}/.x.part`) };
    await writeWhole(files, { ...place, name, folderName: folder.slice(1), overwrite }, bytes);
    return "written";
  } catch (thrown) {
    return failureOf(thrown);
  }
}

const names = (files: Files): string[] => [...files.contents.keys()].sort();

describe("saving", () => {
  test("writes the file and nothing else", async () => {
    const files = new Files();
    assert.equal(await write(files), "written");
    assert.deepEqual(names(files), ["/w/new.png", "/w/there.png"]);
    assert.deepEqual(files.contents.get("/w/new.png"), bytes);
  });

  test("replaces only what may be replaced", async () => {
    const files = new Files();
    assert.deepEqual(await write(files, { name: "there.png" }), { code: "file-exists", file: "there.png" });
    assert.deepEqual(files.contents.get("/w/there.png"), Uint8Array.of(1));
    assert.deepEqual(names(files), ["/w/there.png"]);
    assert.equal(await write(files, { name: "there.png", overwrite: true }), "written");
    assert.deepEqual(files.contents.get("/w/there.png"), bytes);
  });

  test("makes no folder that has gone", async () => {
    const files = new Files();
    assert.deepEqual(await write(files, { folder: "/gone" }), { code: "folder-missing", folder: "gone" });
    assert.deepEqual(names(files), ["/w/there.png"]);
  });
});

describe("failures are told by their cause, and leave nothing half-written", () => {
  for (const [error, failure] of [
    [
      new FileSystemError("Unknown", "ENOSPC: no space left on device, write"),
      { code: "write-no-space", file: "new.png", neededBytes: 3 },
    ],
    [
      new FileSystemError("Unknown", "EDQUOT: disk quota exceeded, write"),
      { code: "write-no-space", file: "new.png", neededBytes: 3 },
    ],
    [
      new FileSystemError("Unknown", "EROFS: read-only file system, open '/w/.x.part'"),
      { code: "write-refused", file: "new.png" },
    ],
    [new FileSystemError("NoPermissions", "permission denied"), { code: "write-refused", file: "new.png" }],
    [new FileSystemError("Unknown", "ENAMETOOLONG: name too long"), { code: "file-name-invalid", file: "new.png" }],
    [new Error("connection lost"), { code: "write-failed", file: "new.png", reason: "connection lost" }],
  ] as const) {
    for (const method of ["writeFile", "rename"] as const) {
      test(`${method}: ${error.message}`, async () => {
        const files = new Files();
        files.failing[method] = error;
        files.leaves = Uint8Array.of(5);
        assert.deepEqual(await write(files), failure);
        assert.deepEqual(names(files), ["/w/there.png"]);
      });
    }
  }

  test("a part that cannot be taken away hides no failure", async () => {
    const files = new Files();
    files.failing.writeFile = new Error("connection lost");
    files.failing.delete = new Error("connection lost");
    assert.deepEqual(await write(files), { code: "write-failed", file: "new.png", reason: "connection lost" });
  });
});

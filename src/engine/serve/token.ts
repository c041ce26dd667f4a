/** The bearer token: from a file, or made anew. */
import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { FailureError } from "../../shared/failure";

const shortest = 16;

/** 256 random bits. */
export const newToken = (): string => randomBytes(32).toString("base64url");

/**
 * The token in a file. Where there is no such file, one is written that only its owner can read.
 *
 * @throws FailureError `option-invalid` where the file holds no token, `file-unreadable`, `write-failed`.
 */
export async function tokenOf(file: string): Promise<{ readonly token: string; readonly wrote: boolean }> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (thrown) {
    const reason = reasonOf(thrown);
    if (reason !== "ENOENT") throw new FailureError({ code: "file-unreadable", file, reason }, { cause: thrown });
    return { token: await writeToken(file), wrote: true };
  }
  const token = text.trim();
  if (token.length < shortest || !/^[\x21-\x7e]+$/.test(token)) {
    const expected = `a file with one word of at least ${shortest} characters`;
    throw new FailureError({ code: "option-invalid", option: "--token-file", expected, found: file });
  }
  return { token, wrote: false };
}

async function writeToken(file: string): Promise<string> {
  const token = newToken();
  try {
    await writeFile(file, `${token}\n`, { mode: 0o600, flag: "wx" });
  } catch (thrown) {
    throw new FailureError({ code: "write-failed", file, reason: reasonOf(thrown) }, { cause: thrown });
  }
  return token;
}

const reasonOf = (thrown: unknown): string =>
  thrown instanceof Error && "code" in thrown ? String(thrown.code) : String(thrown);

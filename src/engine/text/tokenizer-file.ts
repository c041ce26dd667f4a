/** Reading a tokenizer's files within bounds. */
import { readFile, stat } from "node:fs/promises";
import { FailureError } from "../../shared/failure";

/** Bytes; Gemma's tokenizer.json, the largest of the family, has 17 MB. */
const fileLimit = 64e6;

/** @throws FailureError `file-too-large`, `file-unreadable`. */
export async function readTokenizerFile(file: string): Promise<Buffer> {
  try {
    const { size } = await stat(file);
    if (size > fileLimit) throw new FailureError({ code: "file-too-large", file, bytes: size, limit: fileLimit });
    return await readFile(file);
  } catch (thrown) {
    if (thrown instanceof FailureError || !(thrown instanceof Error)) throw thrown;
    throw new FailureError({ code: "file-unreadable", file, reason: thrown.message }, { cause: thrown });
  }
}

/** @throws FailureError `tokenizer-invalid` where the file holds no JSON object; those of reading. */
export async function readTokenizerJson(file: string): Promise<Readonly<Record<string, unknown>>> {
  const text = (await readTokenizerFile(file)).toString("utf8");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (thrown) {
    return invalidTokenizer(file, "it is not JSON", thrown);
  }
  return isRecord(value) ? value : invalidTokenizer(file, "it is not a JSON object");
}

export function invalidTokenizer(file: string, reason: string, cause?: unknown): never {
  throw new FailureError({ code: "tokenizer-invalid", file, reason }, cause === undefined ? {} : { cause });
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The body of a request as JSON of a checked shape, of bounded size. */
import type { IncomingMessage } from "node:http";
import type { z } from "zod";
import { HttpError } from "./http-error";

/** @throws HttpError 400, 413, 415. */
export async function readBody<Schema extends z.ZodType>(
  request: IncomingMessage,
  schema: Schema,
  limit: number,
): Promise<z.output<Schema>> {
  if (!/^application\/json\b/i.test(request.headers["content-type"] ?? "")) {
    throw new HttpError("The body must be application/json.", { status: 415, code: "body-invalid" });
  }
  const parsed = schema.safeParse(parseJson(await readAll(request, limit)));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const param = pathText(issue?.path ?? []);
  throw new HttpError(
    param === "" ? (issue?.message ?? "The body is not valid.") : `${param}: ${issue?.message ?? ""}`,
    {
      status: 400,
      code: "option-invalid",
      param,
    },
  );
}

async function readAll(request: IncomingMessage, limit: number): Promise<Buffer> {
  const tooLarge = (): HttpError =>
    new HttpError(`The body is larger than ${limit} bytes.`, { status: 413, code: "body-too-large" });
  if (Number(request.headers["content-length"] ?? 0) > limit) throw tooLarge();
  const chunks: Buffer[] = [];
  let bytes = 0;
  // The rest of a refused body is read and dropped, so that the client hears why.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > limit) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytes);
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    throw new HttpError("The body is not JSON.", { status: 400, code: "body-invalid" });
  }
}

/** `messages[0].content`. */
const pathText = (path: readonly PropertyKey[]): string =>
  path
    .map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`))
    .join("")
    .replace(/^\./, "");

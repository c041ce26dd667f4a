/** What a status other than success means, by what servers say with it. */
import { z } from "zod";
import type { ServerFailure } from "../../shared/failure";

export interface Refusal {
  readonly server: string;
  readonly model: string;
  readonly status: number;
  readonly retryAfter: string | null;
  /** Media type of the answer. */
  readonly type: string;
  /** The answer's text. */
  readonly answer: string;
  /** Size of what had been sent. */
  readonly bodyBytes: number;
  readonly images: boolean;
}

/**
 * OpenAI's error object as servers write it: vLLM and llama.cpp with a number as code, older vLLM without the outer
 * `error`, Ollama sometimes with a text in its place.
 */
const details = z.object({ message: z.string() });
const errorAnswer = z.union([
  z.object({ error: z.union([details, z.string().transform((message) => ({ message }))]) }),
  details.extend({ object: z.literal("error") }).transform((error) => ({ error })),
]);

const reasonLimit = 300;

export function refusal(found: Refusal): ServerFailure {
  const { server, model, status, bodyBytes: bytes, images } = found;
  const said = errorMessage(parse(found.answer));
  const reason = said ?? "no reason was given";
  if (status === 401 || status === 403) return { code: "server-unauthorised", server, status };
  if (status === 413) return { code: "server-too-large", server, bytes };
  if (status === 429) return { code: "server-busy", server, seconds: secondsOf(found.retryAfter) };
  if (said === undefined && status < 500) {
    return { code: "server-not-api", server, found: `HTTP ${status} ${found.type}`.trim() };
  }
  if (status === 404) {
    const aboutModel = /\bmodel\b/i.test(reason) || (model !== "" && reason.includes(model));
    return aboutModel
      ? { code: "server-model-missing", server, model }
      : { code: "server-not-api", server, found: `HTTP 404: ${reason}` };
  }
  if (images && /\bimages?\b|multi-?modal|\bvision\b|mmproj/i.test(reason)) {
    return { code: "server-images-refused", server, reason };
  }
  return status < 500
    ? { code: "server-refused", server, status, reason }
    : { code: "server-failed", server, status, reason };
}

/** The message of an error object, on one line; undefined where there is none. */
export function errorMessage(value: unknown): string | undefined {
  const { data } = errorAnswer.safeParse(value);
  // Control characters have no place in what is shown.
  return data?.error.message
    .replace(/[\p{Cc}\s]+/gu, " ")
    .trim()
    .slice(0, reasonLimit);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Of the form in seconds; the other, a date, is not worth a clock's comparison. */
const secondsOf = (retryAfter: string | null): number | null =>
  retryAfter !== null && /^\d{1,6}$/.test(retryAfter) ? Number(retryAfter) : null;

/** One HTTP request to the server: bounded, timed, never redirected, its failures typed. */
import { z } from "zod";
import { FailureError } from "../../shared/failure";
import type { ServerAddress } from "../../shared/protocol";
import { apiAddress } from "./api-address";
import { refusal } from "./refusal";
import { Silence } from "./silence";

export interface RequestOptions {
  readonly signal?: AbortSignal | undefined;
  /** JSON to POST; a GET without. */
  readonly body?: string | undefined;
  /** What the request was for, for the wording of refusals. */
  readonly model: string;
}

/** Of an error's text, in bytes. */
const errorLimit = 65_536;
/** Of all that a server may answer, in bytes. */
const answerLimit = 32 * 2 ** 20;

export class ServerResponse {
  /** Name and port, for people. */
  readonly server: string;
  readonly type: string;
  readonly #response: Response;
  readonly #silence: Silence;
  readonly #signal: AbortSignal | undefined;

  constructor(server: string, response: Response, silence: Silence, signal: AbortSignal | undefined) {
    this.server = server;
    this.type = response.headers.get("content-type") ?? "";
    this.#response = response;
    this.#silence = silence;
    this.#signal = signal;
  }

  /**
   * The body as it comes.
   *
   * @throws FailureError `server-cut`, `server-silent`, `server-not-api` where there is no end of it, `cancelled`.
   */
  async *text(): AsyncGenerator<string, void> {
    const decoder = new TextDecoder();
    let bytes = 0;
    try {
      for await (const chunk of (this.#response.body ?? []) as AsyncIterable<Uint8Array>) {
        this.#silence.heard();
        bytes += chunk.length;
        if (bytes > answerLimit) {
          throw new FailureError({ code: "server-not-api", server: this.server, found: "an endless answer" });
        }
        yield decoder.decode(chunk, { stream: true });
      }
      yield decoder.decode();
    } catch (thrown) {
      throw asFailure(thrown, this.#signal, this.#silence, (reason) => ({
        ...{ code: "server-cut", server: this.server, reason },
      }));
    } finally {
      this.#silence.end();
    }
  }

  /** @throws FailureError as {@link text}; `server-not-api` where the body is not JSON of this shape. */
  async json<Schema extends z.ZodType>(schema: Schema): Promise<z.output<Schema>> {
    let text = "";
    for await (const more of this.text()) text += more;
    const { data, success } = schema.safeParse(jsonOf(text));
    if (!success) throw new FailureError({ code: "server-not-api", server: this.server, found: this.type });
    return data;
  }
}

/**
 * @throws FailureError `server-address-invalid`, `server-unreachable`, `server-silent`, `cancelled`, or what the status
 *   says.
 */
export async function askServer(
  { url, token, timeoutSeconds }: ServerAddress,
  path: "models" | "chat/completions",
  { signal, body, model }: RequestOptions,
): Promise<ServerResponse> {
  const base = apiAddress(url);
  const server = base.host;
  const silence = new Silence(server, timeoutSeconds);
  let response: Response;
  try {
    response = await fetch(new URL(path, base), {
      method: body === undefined ? "GET" : "POST",
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      body: body ?? null,
      // The token and the images are for this server alone.
      redirect: "manual",
      signal: signal === undefined ? silence.signal : AbortSignal.any([signal, silence.signal]),
    });
  } catch (thrown) {
    silence.end();
    throw asFailure(thrown, signal, silence, (reason) => ({ code: "server-unreachable", server, reason }));
  }
  if (response.ok) return new ServerResponse(server, response, silence, signal);
  const answer = await beginning(new ServerResponse(server, response, silence, signal));
  throw new FailureError(
    refusal({
      server,
      model,
      status: response.status,
      retryAfter: response.headers.get("retry-after"),
      type: response.headers.get("content-type") ?? "",
      answer,
      bodyBytes: Buffer.byteLength(body ?? ""),
      images: body?.includes('"image_url"') === true,
    }),
  );
}

/** What an error says; that it is cut short changes nothing about it. */
async function beginning(response: ServerResponse): Promise<string> {
  let text = "";
  try {
    for await (const more of response.text()) {
      text += more;
      if (text.length > errorLimit) break;
    }
  } catch (thrown) {
    if (thrown instanceof FailureError && thrown.failure.code === "cancelled") throw thrown;
  }
  return text.slice(0, errorLimit);
}

export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

type LinkFailure = Extract<FailureError["failure"], { code: "server-unreachable" | "server-cut" }>;

function asFailure(
  thrown: unknown,
  signal: AbortSignal | undefined,
  silence: Silence,
  otherwise: (reason: string) => LinkFailure,
): FailureError {
  if (thrown instanceof FailureError) return thrown;
  if (signal?.aborted === true) return new FailureError({ code: "cancelled" });
  if (silence.signal.reason instanceof FailureError) return silence.signal.reason;
  return new FailureError(otherwise(reasonOf(thrown)), { cause: thrown });
}

/** The system's word for it, `ECONNREFUSED` for one, rather than "fetch failed". */
function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const { cause } = thrown;
  if (!(cause instanceof Error)) return thrown.message;
  return "code" in cause && typeof cause.code === "string" ? cause.code : cause.message;
}

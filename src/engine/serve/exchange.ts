/** One request and its answer, and whether the client is still there. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { errorBody, type HttpError } from "./http-error";

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Fires when the client has gone, and when the server ends. */
  readonly signal: AbortSignal;
}

export function sendJson({ response }: Exchange, status: number, body: object): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(status, { "content-type": "application/json", "content-length": bytes.length });
  response.end(bytes);
}

/** After an answer has begun, the error follows in the stream: a status can no longer tell it. */
export function sendError(exchange: Exchange, error: HttpError): void {
  const { response } = exchange;
  if (!response.headersSent) {
    for (const [name, value] of Object.entries(error.headers)) response.setHeader(name, value);
    sendJson(exchange, error.status, errorBody(error));
    return;
  }
  response.end(`data: ${JSON.stringify(errorBody(error))}\n\n`);
}

const keepAliveMilliseconds = 15_000;

/** Server-sent events. What is not read yet is bounded by the longest answer, so nothing waits for slow readers. */
export class EventStream {
  readonly #response: ServerResponse;
  #timer: NodeJS.Timeout | undefined;

  constructor({ response }: Exchange) {
    this.#response = response;
  }

  /** Sends the status; comments then keep the connection open until the first word. */
  open(): void {
    if (this.#response.headersSent) return;
    this.#response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache" });
    this.#response.flushHeaders();
    this.#timer = setInterval(() => {
      this.#response.write(": still here\n\n");
    }, keepAliveMilliseconds);
  }

  send(data: object): void {
    this.open();
    this.#response.write(`data: ${JSON.stringify(data)}\n\n`);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  end(): void {
    this.#response.end("data: [DONE]\n\n");
  }
}

/**
 * An OpenAI-compatible HTTP server over the engine.
 *
 * Every request passes, in this order: host name, web origin, token, route, a place in the queue, size and shape of
 * the body. The engine answers one after the other; who goes away while waiting or being answered is not answered.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { failureOf } from "../../shared/failure";
import { Admission } from "./admission";
import { completeChat } from "./chat";
import { type Exchange, sendError, sendJson } from "./exchange";
import { checkHost, checkToken, corsHeaders, type GuardOptions } from "./guard";
import { HttpError, httpErrorOf } from "./http-error";
import { generateImages } from "./images";
import { listModels, showModel } from "./models";
import type { Service } from "./service";

export interface ServerOptions extends GuardOptions {
  readonly service: Service;
  /** Requests that may wait besides the one that is answered. */
  readonly waiting: number;
  /** A line for each request: no content, no token. */
  readonly log: (line: string) => void;
}

const connectionLimit = 64;
const headerMilliseconds = 10_000;
const requestMilliseconds = 60_000;

type Route = (exchange: Exchange) => Promise<void> | void;

export class EngineServer {
  readonly #options: ServerOptions;
  readonly #server: Server;
  readonly #admission: Admission;
  readonly #open = new Set<{ readonly stop: AbortController; readonly done: Promise<void> }>();
  #closing = false;

  constructor(options: ServerOptions) {
    this.#options = options;
    this.#admission = new Admission(options.waiting);
    this.#server = createServer(
      { headersTimeout: headerMilliseconds, requestTimeout: requestMilliseconds, keepAliveTimeout: 5_000 },
      (request, response) => {
        this.#serve(request, response);
      },
    );
    this.#server.maxConnections = connectionLimit;
  }

  /**
   * @param port 0 lets the system choose.
   * @returns where it listens.
   * @throws Error of the system, `EADDRINUSE` for one.
   */
  listen(port: number, host: string): Promise<AddressInfo> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(port, host, () => {
        this.#server.off("error", reject);
        resolve(this.#server.address() as AddressInfo);
      });
    });
  }

  /** Takes no more requests, gives the open ones this long to end, then ends them. */
  async close(graceMilliseconds: number): Promise<void> {
    this.#closing = true;
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve();
      });
    });
    this.#server.closeIdleConnections();
    const timer = setTimeout(() => {
      for (const { stop } of this.#open) stop.abort();
    }, graceMilliseconds);
    await Promise.all([...this.#open].map(({ done }) => done));
    clearTimeout(timer);
    this.#server.closeAllConnections();
    await closed;
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const stop = new AbortController();
    response.on("close", () => {
      if (!response.writableFinished) stop.abort();
    });
    const done = this.#answer({ request, response, signal: stop.signal });
    const open = { stop, done };
    this.#open.add(open);
    void done.finally(() => this.#open.delete(open));
  }

  /** Never rejects. */
  async #answer(exchange: Exchange): Promise<void> {
    const { request, response } = exchange;
    const started = performance.now();
    let code = "";
    try {
      await this.#route(exchange);
    } catch (thrown) {
      const error = httpErrorOf(thrown);
      code = ` ${error.code}`;
      const failure = failureOf(thrown);
      if (failure.code === "bug" && !(thrown instanceof HttpError)) this.#options.log(failure.stack ?? failure.message);
      if (!response.destroyed) sendError(exchange, error);
    } finally {
      // What is left of a body is dropped; the server's time limit ends those who go on sending.
      request.resume();
      const status = response.headersSent ? response.statusCode : 499;
      const milliseconds = Math.round(performance.now() - started);
      const path = JSON.stringify(pathOf(request).slice(0, 100));
      this.#options.log(`${request.method ?? ""} ${path} ${status}${code} ${milliseconds} ms`);
    }
  }

  async #route(exchange: Exchange): Promise<void> {
    const { request, response } = exchange;
    checkHost(request, this.#options);
    for (const [name, value] of Object.entries(corsHeaders(request, this.#options))) response.setHeader(name, value);
    if (this.#closing) {
      const headers = { connection: "close" };
      throw new HttpError("The server is ending.", { status: 503, code: "server-closing", headers });
    }
    const pathname = pathOf(request);
    if (request.method === "OPTIONS" && request.headers.origin !== undefined) {
      response.writeHead(204).end();
      return;
    }
    if (pathname !== "/health") checkToken(request, this.#options);
    await this.#handler(request, pathname)(exchange);
  }

  /** @throws HttpError 404, 405. */
  #handler({ method = "" }: IncomingMessage, pathname: string): Route {
    const { service } = this.#options;
    const queued = (answer: (exchange: Exchange, service: Service) => Promise<void>): Route => {
      return (exchange) => this.#admission.during(() => answer(exchange, service));
    };
    const routes: Readonly<Record<string, readonly ["GET" | "POST", Route]>> = {
      "/health": [
        "GET",
        (exchange) => {
          sendJson(exchange, 200, { status: "ok" });
        },
      ],
      "/v1/models": ["GET", (exchange) => listModels(exchange, service)],
      "/v1/chat/completions": ["POST", queued(completeChat)],
      "/v1/images/generations": ["POST", queued(generateImages)],
    };
    const name = /^\/v1\/models\/([\w.-]{1,200})$/.exec(pathname)?.[1];
    const one: readonly ["GET", Route] | undefined =
      name === undefined ? undefined : ["GET", (exchange) => showModel(exchange, service, name)];
    const route = Object.hasOwn(routes, pathname) ? routes[pathname] : one;
    if (route === undefined) {
      throw new HttpError(`There is nothing at ${pathname.slice(0, 100)}.`, { status: 404, code: "route-unknown" });
    }
    const [allowed, handle] = route;
    if (method !== allowed) {
      const headers = { allow: allowed };
      throw new HttpError(`Only ${allowed} is answered here.`, { status: 405, code: "method-refused", headers });
    }
    return handle;
  }
}

const pathOf = ({ url = "/" }: IncomingMessage): string => url.split("?", 1)[0] ?? "/";

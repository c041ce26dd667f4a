/**
 * A hub on the loopback interface: two servers, as the real one has them. The first answers questions and redirects
 * large files to the second, which serves ranges. Faults are put in by the test, request by request.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";

export interface HubRepository {
  readonly commit: string;
  readonly files: ReadonlyMap<string, Buffer>;
}

export interface HubRequest {
  readonly server: "hub" | "cdn";
  readonly path: string;
  readonly range: string | undefined;
  readonly authorization: string | undefined;
}

export type Fault =
  | { readonly kind: "status"; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  | { readonly kind: "html" }
  | { readonly kind: "loop" }
  | { readonly kind: "tamper" }
  | { readonly kind: "no-ranges" }
  /** The connection ends after so many bytes of the body. */
  | { readonly kind: "cut"; readonly after: number }
  /** A byte now and then. */
  | { readonly kind: "trickle"; readonly milliseconds: number };

const largeBytes = 10_000;
const pageEntries = 5;

const sha256 = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");
const blob = (bytes: Buffer): string => createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
const isLarge = (bytes: Buffer): boolean => bytes.length >= largeBytes;

export class HubServer {
  readonly repositories = new Map<string, HubRepository>();
  readonly requests: HubRequest[] = [];
  /** Asked for each request: what is to go wrong with it. */
  fault: (request: HubRequest) => Fault | undefined = () => undefined;
  /** Milliseconds between pieces of 64 KiB, to have time for something in the middle. */
  pause = 0;
  /** Needed for everything where set. */
  token: string | undefined;
  readonly #hub: Server;
  readonly #cdn: Server;

  constructor() {
    this.#hub = createServer((request, response) => void this.#answer("hub", request, response));
    this.#cdn = createServer((request, response) => void this.#answer("cdn", request, response));
  }

  async start(): Promise<void> {
    for (const server of [this.#hub, this.#cdn]) {
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    }
  }

  async stop(): Promise<void> {
    for (const server of [this.#hub, this.#cdn]) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  get endpoint(): string {
    return addressOf(this.#hub);
  }

  /** Publishes the files of a folder, and others given by their content. */
  publish(name: string, commit: string, folder: string, others: Readonly<Record<string, string>> = {}): void {
    const files = new Map<string, Buffer>();
    for (const file of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
      const place = path.join(folder, file);
      if (statSync(place).isFile()) files.set(file.split(path.sep).join("/"), readFileSync(place));
    }
    for (const [file, text] of Object.entries(others)) files.set(file, Buffer.from(text));
    this.repositories.set(name, { commit, files });
  }

  /** Requests for the content of files, by their names in the repository. */
  fetched(): readonly string[] {
    return this.requests
      .filter(({ server, path: asked }) => server === "hub" && asked.includes("/resolve/"))
      .map(({ path: asked }) => decodeURIComponent(asked.split("/resolve/")[1]?.split("/").slice(1).join("/") ?? ""));
  }

  async #answer(server: HubRequest["server"], request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { authorization, range } = request.headers;
    const asked: HubRequest = { server, path: request.url ?? "/", range, authorization };
    this.requests.push(asked);
    const fault = this.fault(asked);
    if (fault?.kind === "status") {
      end(response, fault.status, "no", { ...fault.headers });
      return;
    }
    if (fault?.kind === "html") {
      end(response, 200, "<!doctype html><title>Sign in</title>", { "content-type": "text/html" });
      return;
    }
    if (fault?.kind === "loop") {
      end(response, 302, "", { location: `${this.endpoint}${asked.path}` });
      return;
    }
    if (server === "cdn") return this.#serve(asked, response, fault);
    if (this.token !== undefined && authorization !== `Bearer ${this.token}`) {
      end(response, 401, "no");
      return;
    }
    const url = new URL(asked.path, this.endpoint);
    const parts = url.pathname.split("/").slice(1).map(decodeURIComponent);
    if (parts[0] === "api") this.#question(parts, url, response);
    else await this.#resolve(asked, parts, response, fault);
  }

  #question([, , owner, name, what, revision]: readonly string[], url: URL, response: ServerResponse): void {
    const repository = this.repositories.get(`${owner ?? ""}/${name ?? ""}`);
    const known = repository !== undefined && (revision === "main" || revision === repository.commit);
    if (!known) {
      end(response, 404, JSON.stringify({ error: "not found" }), { "content-type": "application/json" });
      return;
    }
    if (what === "revision") {
      const info = { _id: "0", id: `${owner ?? ""}/${name ?? ""}`, sha: repository.commit, lastModified: "2024-04-01" };
      end(response, 200, JSON.stringify(info), { "content-type": "application/json" });
      return;
    }
    const entries = [...repository.files].map(([file, bytes]) => ({
      type: "file",
      path: file,
      size: bytes.length,
      oid: blob(bytes),
      ...(isLarge(bytes) ? { lfs: { oid: sha256(bytes), size: bytes.length, pointerSize: 130 } } : {}),
    }));
    const from = Number(url.searchParams.get("cursor") ?? 0);
    const next = new URL(url);
    next.searchParams.set("cursor", String(from + pageEntries));
    const more = from + pageEntries < entries.length ? { link: `<${next.href}>; rel="next"` } : {};
    const page = JSON.stringify(entries.slice(from, from + pageEntries));
    end(response, 200, page, { "content-type": "application/json", ...more });
  }

  async #resolve(asked: HubRequest, parts: readonly string[], response: ServerResponse, fault?: Fault): Promise<void> {
    const [owner, name, , commit, ...file] = parts;
    const repository = this.repositories.get(`${owner ?? ""}/${name ?? ""}`);
    const bytes = commit === repository?.commit ? repository?.files.get(file.join("/")) : undefined;
    if (bytes === undefined) {
      end(response, 404, "Entry not found");
      return;
    }
    if (!isLarge(bytes)) return send(response, bytes, asked, { fault, pause: this.pause, etag: blob(bytes) });
    end(response, 302, "", {
      location: `${addressOf(this.#cdn)}/${owner ?? ""}/${name ?? ""}/${sha256(bytes)}?Signature=x`,
      "x-linked-etag": `"${sha256(bytes)}"`,
      "x-linked-size": String(bytes.length),
    });
  }

  async #serve(asked: HubRequest, response: ServerResponse, fault?: Fault): Promise<void> {
    const digest = asked.path.split("?")[0]?.split("/").at(-1) ?? "";
    for (const { files } of this.repositories.values()) {
      for (const bytes of files.values()) {
        if (isLarge(bytes) && sha256(bytes) === digest) {
          return send(response, bytes, asked, { fault, pause: this.pause, etag: digest });
        }
      }
    }
    end(response, 404, "no such object");
  }
}

const addressOf = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

function end(
  response: ServerResponse,
  status: number,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, headers).end(body);
}

interface Sending {
  readonly fault: Fault | undefined;
  readonly pause: number;
  readonly etag: string;
}

async function send(
  response: ServerResponse,
  whole: Buffer,
  { range }: HubRequest,
  { fault, pause, etag }: Sending,
): Promise<void> {
  const asked = fault?.kind === "no-ranges" ? null : /^bytes=(\d+)-(\d*)$/.exec(range ?? "");
  const from = Number(asked?.[1] ?? 0);
  const last = asked?.[2] ? Number(asked[2]) : whole.length - 1;
  if (from >= whole.length) {
    end(response, 416, "", { "content-range": `bytes */${whole.length}` });
    return;
  }
  const body = Buffer.from(whole.subarray(from, last + 1));
  if (fault?.kind === "tamper") body[body.length >> 1] = (body[body.length >> 1] ?? 0) ^ 1;
  response.writeHead(asked ? 206 : 200, {
    "content-type": "application/octet-stream",
    "content-length": body.length,
    "accept-ranges": "bytes",
    etag: `"${etag}"`,
    ...(asked ? { "content-range": `bytes ${from}-${last}/${whole.length}` } : {}),
  });
  if (fault?.kind === "cut") {
    response.write(body.subarray(0, fault.after), () => response.destroy());
    return;
  }
  if (fault?.kind === "trickle") {
    for (let at = 0; at < body.length && !response.destroyed; at++) {
      response.write(body.subarray(at, at + 1));
      await wait(fault.milliseconds);
    }
    response.end();
    return;
  }
  for (let at = 0; at < body.length && !response.destroyed; at += 1 << 16) {
    response.write(body.subarray(at, at + (1 << 16)));
    if (pause > 0) await wait(pause);
  }
  response.end();
}

/**
 * Who may ask: the Host header against DNS rebinding, the Origin header against web pages, the bearer token.
 *
 * A page whose name an attacker points at 127.0.0.1 sends that name as Host, so only names known beforehand and
 * literal addresses, which nobody can rebind, are served.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import { HttpError } from "./http-error";

export interface GuardOptions {
  readonly token: string;
  /** Names besides `localhost` under which the server is known. */
  readonly hostNames: readonly string[];
  /** Web origins that may ask from a browser; none as a rule. */
  readonly origins: readonly string[];
}

/** @throws HttpError 403. */
export function checkHost({ headers }: IncomingMessage, { hostNames }: GuardOptions): void {
  const name = hostNameOf(headers.host);
  const known = name !== undefined && (isIP(name) !== 0 || ["localhost", ...hostNames].includes(name));
  if (!known)
    throw new HttpError("This server is not known under that host name.", { status: 403, code: "host-refused" });
}

/**
 * @returns the headers that let the page read the answer; none where no page asks.
 * @throws HttpError 403.
 */
export function corsHeaders({ headers }: IncomingMessage, { origins }: GuardOptions): Record<string, string> {
  const { origin } = headers;
  if (origin === undefined) return {};
  if (!origins.includes(origin)) {
    throw new HttpError("Web pages of that origin may not use this server.", { status: 403, code: "origin-refused" });
  }
  return {
    "access-control-allow-origin": origin,
    "access-control-allow-methods": "GET, POST",
    "access-control-allow-headers": "authorization, content-type",
    vary: "origin",
  };
}

/** @throws HttpError 401. */
export function checkToken({ headers }: IncomingMessage, { token }: GuardOptions): void {
  const given = /^Bearer +([^\s]+) *$/i.exec(headers.authorization ?? "")?.[1];
  if (given !== undefined && timingSafeEqual(digest(given), digest(token))) return;
  const message = given === undefined ? "A bearer token is required." : "The bearer token is not valid.";
  throw new HttpError(message, {
    status: 401,
    code: "token-invalid",
    headers: { "www-authenticate": "Bearer" },
  });
}

/** Of equal length whatever the token's, so that the comparison takes the same time. */
const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

/** `name`, `name:port`, `[address]:port` without the port. */
function hostNameOf(host: string | undefined): string | undefined {
  const found = /^(?:\[([\da-f:.]+)\]|([^:[\]/@\s]+))(?::\d{1,5})?$/i.exec(host ?? "");
  return (found?.[1] ?? found?.[2])?.toLowerCase().replace(/\.$/, "");
}

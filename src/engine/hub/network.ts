/** HTTP requests to a hub: through the proxy that the settings name, with limits on every wait, failures as data. */
import { Agent, type Dispatcher, EnvHttpProxyAgent, fetch, type Response } from "undici";
import { FailureError, throwIfCancelled } from "../../shared/failure";
import type { NetworkSettings } from "../../shared/library-protocol";

const connectMilliseconds = 20_000;
const headersMilliseconds = 60_000;
const defaultStallSeconds = 30;

export interface RequestOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

export class Network {
  /** Address of the hub, without a slash at the end. */
  readonly endpoint: string;
  readonly settings: NetworkSettings;
  readonly #dispatcher: Dispatcher;

  /** @throws FailureError `endpoint-invalid`. */
  constructor(settings: NetworkSettings) {
    this.endpoint = checkedEndpoint(settings.endpoint);
    this.settings = settings;
    this.#dispatcher = dispatcherFor(settings);
  }

  /** Host and port, as failures name a server. */
  get host(): string {
    return new URL(this.endpoint).host;
  }

  /**
   * The answer's headers; its body is the caller's to read or to cancel. Redirects are followed, and the token goes
   * to the first host only.
   *
   * @throws FailureError `hub-unreachable`, `hub-redirects`, `cancelled`.
   */
  async get(address: string, { headers = {}, signal }: RequestOptions = {}): Promise<Response> {
    throwIfCancelled(signal);
    try {
      return await fetch(address, {
        headers: { "user-agent": "mini-gemini-vscode", ...headers },
        dispatcher: this.#dispatcher,
        ...(signal === undefined ? {} : { signal }),
      });
    } catch (thrown) {
      throw networkFailure(new URL(address).host, thrown);
    }
  }

  async dispose(): Promise<void> {
    await this.#dispatcher.destroy();
  }
}

/** What went wrong on the way, in a network library's words. */
export function networkFailure(host: string, thrown: unknown): unknown {
  if (thrown instanceof FailureError || !(thrown instanceof Error)) return thrown;
  if (thrown.name === "AbortError") {
    return new FailureError({ code: "cancelled" }, { cause: thrown });
  }
  const cause = thrown.cause instanceof Error ? thrown.cause : thrown;
  if (cause.message.includes("redirect count exceeded")) {
    return new FailureError({ code: "hub-redirects", host }, { cause: thrown });
  }
  const code = "code" in cause && typeof cause.code === "string" ? `${cause.code}: ` : "";
  const reason = `${code}${cause.message === "" ? thrown.message : cause.message}`;
  return new FailureError({ code: "hub-unreachable", host, reason }, { cause: thrown });
}

function checkedEndpoint(endpoint: string): string {
  const refused = new FailureError({ code: "endpoint-invalid", found: endpoint });
  if (!URL.canParse(endpoint)) throw refused;
  const { protocol, username, password, search, hash } = new URL(endpoint);
  if (protocol !== "https:" && protocol !== "http:") throw refused;
  if (username !== "" || password !== "" || search !== "" || hash !== "") throw refused;
  return endpoint.replace(/\/+$/, "");
}

function dispatcherFor(settings: NetworkSettings): Dispatcher {
  const { pace, proxy, noProxy, proxyAuthorization, strictTls, useProxy } = settings;
  const limits = {
    headersTimeout: headersMilliseconds,
    bodyTimeout: 1000 * (pace?.stallSeconds ?? defaultStallSeconds),
    connect: { timeout: connectMilliseconds, rejectUnauthorized: strictTls },
  };
  if (!useProxy) return new Agent(limits);
  return new EnvHttpProxyAgent({
    ...limits,
    ...(proxy === undefined ? {} : { httpProxy: proxy, httpsProxy: proxy }),
    ...(noProxy === undefined ? {} : { noProxy: noProxy.join(",") }),
    ...(proxyAuthorization === undefined ? {} : { token: proxyAuthorization }),
    requestTls: { rejectUnauthorized: strictTls },
    proxyTls: { rejectUnauthorized: strictTls },
  });
}

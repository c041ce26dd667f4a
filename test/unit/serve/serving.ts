/** What the tests of the server share: an engine that answers from a script, and a client. */
import http from "node:http";
import { FailureError } from "../../../src/shared/failure";
import type { GenerateResult } from "../../../src/shared/generate-protocol";
import type { ExplainParams, ExplainResult, LoadedModel, LoadParams } from "../../../src/shared/protocol";
import { EngineServer, type ServerOptions } from "../../../src/engine/serve/server";
import type { Service } from "../../../src/engine/serve/service";

export const token = "token-of-the-tests-only";

export const load: LoadParams = {
  model: "/nowhere/scripted",
  precision: "f32",
  preparedRoot: "/nowhere/prepared",
  device: "cpu",
  threads: 1,
};

export const loaded: LoadedModel = {
  name: "scripted",
  precision: "f32",
  device: "cpu",
  visualTokensPerImage: 64,
  contextLength: 2048,
  starter: false,
  milliseconds: 1,
  notices: [],
};

export const result = (text: string): ExplainResult => ({
  text,
  tokens: 3,
  promptTokens: 7,
  cachedTokens: 2,
  visualTokens: 0,
  imagePrompts: [],
  stopped: "end",
  timings: { load: 0, preprocess: 0, ocr: 0, encode: 0, prefill: 0, decode: 0, total: 0 },
  decodeTokensPerSecond: 1,
  peakRssMiB: 1,
});

type ServedEngine = Service["engine"];

export const scripted = (explain: ServedEngine["explain"], generate?: ServedEngine["generate"]): ServedEngine => ({
  load: () => Promise.resolve(loaded),
  explain,
  generate: generate ?? ((): Promise<GenerateResult> => Promise.reject(illustratorMissing())),
});

export const illustratorMissing = (): FailureError =>
  new FailureError({ code: "illustrator-missing", folder: "/nowhere/illustrator" });

/** An engine that keeps what it was asked and answers at once. */
export function recording(): { readonly engine: ServedEngine; readonly asked: ExplainParams[] } {
  const asked: ExplainParams[] = [];
  const engine = scripted((params, { part }) => {
    asked.push(params);
    part({ kind: "stage", stage: "thinking", done: 0, total: 1 });
    for (const text of ["It ", "is ", "red."]) part({ kind: "text", text });
    return Promise.resolve(result("It is red."));
  });
  return { engine, asked };
}

export interface Served {
  readonly server: EngineServer;
  readonly port: number;
  readonly log: string[];
  /** POSTs JSON with the token. */
  readonly post: (path: string, body: unknown, init?: RequestInit) => Promise<Response>;
  readonly chat: (body: object, init?: RequestInit) => Promise<Response>;
}

type ServeOptions = Partial<Omit<ServerOptions, "service">> & { readonly service?: Partial<Service> };

/** Serves until the test has ended. */
export async function serve(
  test: { after: (done: () => Promise<void>) => void },
  engine: ServedEngine,
  { service, ...options }: ServeOptions = {},
): Promise<Served> {
  const log: string[] = [];
  const server = new EngineServer({
    token,
    hostNames: [],
    origins: [],
    waiting: 4,
    log: (line) => log.push(line),
    ...options,
    service: {
      engine,
      model: "scripted",
      load,
      illustrator: "/nowhere/illustrator",
      defaults: { sampling: { maxTokens: 100, temperature: 0.2 }, ocr: true },
      started: 1_700_000_000_000,
      bodyLimit: 100_000,
      ...service,
    },
  });
  const { port } = await server.listen(0, "127.0.0.1");
  test.after(() => server.close(0));
  const post = (path: string, body: unknown, init: RequestInit = {}): Promise<Response> =>
    fetch(`http://127.0.0.1:${port}${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify(body),
      ...init,
    });
  return { server, port, log, post, chat: (body, init) => post("/v1/chat/completions", body, init) };
}

export const asks = (text: string): object => ({ messages: [{ role: "user", content: text }] });

export interface ErrorAnswer {
  readonly status: number;
  readonly code: string;
  readonly type: string;
  readonly param: string | null;
  readonly message: string;
}

export async function errorOf(response: Response): Promise<ErrorAnswer> {
  const body = (await response.json()) as { error: Omit<ErrorAnswer, "status"> };
  return { status: response.status, ...body.error };
}

/** The data of each event, `[DONE]` included. */
export async function eventsOf(response: Response): Promise<string[]> {
  const text = await response.text();
  return text
    .split("\n\n")
    .filter((block) => block.startsWith("data: "))
    .map((block) => block.slice("data: ".length));
}

/** A request with headers that `fetch` does not let one set. */
export function rawRequest(
  port: number,
  {
    headers,
    method = "GET",
    path = "/v1/models",
  }: { headers: http.OutgoingHttpHeaders; method?: string; path?: string },
): Promise<{ readonly status: number; readonly headers: http.IncomingHttpHeaders; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const request = http.request({ host: "127.0.0.1", port, method, path, headers }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => (body += text));
      response.on("end", () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
      });
    });
    request.on("error", reject);
    request.end();
  });
}

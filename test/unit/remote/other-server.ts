/** A server for the tests: it answers as it is told to, and keeps what it was asked. */
import http from "node:http";
import type { AddressInfo } from "node:net";
import { type Failure, FailureError } from "../../../src/shared/failure";
import type { ExplainParams, ServerAddress } from "../../../src/shared/protocol";

export interface Asked {
  readonly path: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: ChatBody;
  readonly response: http.ServerResponse;
}

export interface ChatBody {
  readonly model: string;
  readonly stream: boolean;
  readonly messages: readonly { readonly role: string; readonly content: string | readonly ContentPart[] }[];
  readonly [option: string]: unknown;
}

export interface ContentPart {
  readonly type: string;
  readonly text?: string;
  readonly image_url?: { readonly url: string };
}

export interface OtherServer {
  readonly address: ServerAddress;
  readonly host: string;
  readonly asked: Asked[];
}

type Test = { after: (done: () => Promise<void>) => void };

/** The list of models is answered unless `models` says otherwise; questions go to `answer`. */
export async function otherServer(
  test: Test,
  answer: (asked: Asked) => void,
  { models, timeoutSeconds = 10 }: { models?: (asked: Asked) => void; timeoutSeconds?: number } = {},
): Promise<OtherServer> {
  const asked: Asked[] = [];
  const server = http.createServer((request, response) => {
    let text = "";
    request.setEncoding("utf8").on("data", (more: string) => (text += more));
    request.on("end", () => {
      const body = (text === "" ? {} : JSON.parse(text)) as ChatBody;
      const one = { path: request.url ?? "", headers: request.headers, body, response };
      asked.push(one);
      if (one.path !== "/v1/models") answer(one);
      else if (models !== undefined) models(one);
      else json(one, 200, { object: "list", data: [{ id: "first" }, { id: "second" }] });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  test.after(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const address = { url: `http://${host}`, model: "", token: "secret-token", sendImages: true, timeoutSeconds };
  return { address, host, asked };
}

export function json({ response }: Asked, status: number, body: unknown, headers: http.OutgoingHttpHeaders = {}): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}

export const delta = (content: string, reason: string | null = null): object => ({
  choices: [{ index: 0, delta: { content }, finish_reason: reason }],
});

/** Server-sent events, in pieces of these many bytes so that nothing rests on where a chunk ends. */
export function events({ response }: Asked, all: readonly (object | string)[], pieceBytes = 7): void {
  response.writeHead(200, { "content-type": "text/event-stream" });
  const text = all.map((one) => `data: ${typeof one === "string" ? one : JSON.stringify(one)}\n\n`).join("");
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += pieceBytes) response.write(bytes.subarray(at, at + pieceBytes));
  response.end();
}

export const question = (text: string): ExplainParams => ({
  turns: [{ role: "user", text, images: [] }],
  sampling: { maxTokens: 64, temperature: 0, topP: 1, topK: 0, repetitionPenalty: 1, seed: 7 },
  ocr: true,
});

export async function failureFrom(work: Promise<unknown>): Promise<Failure> {
  try {
    await work;
  } catch (thrown) {
    if (thrown instanceof FailureError) return thrown.failure;
    throw thrown;
  }
  throw new Error("nothing failed");
}

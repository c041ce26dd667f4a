/** `POST /v1/chat/completions`: an answer at once, or word by word as server-sent events. */
import { randomUUID } from "node:crypto";
import type { ExplainPart, ExplainResult, Notice } from "../../shared/protocol";
import { chatRequest, explainParams } from "./chat-request";
import { EventStream, type Exchange, sendJson } from "./exchange";
import { checkModel } from "./models";
import { readBody } from "./read-body";
import type { Service } from "./service";

export async function completeChat(exchange: Exchange, service: Service): Promise<void> {
  const { engine, bodyLimit, defaults } = service;
  const { signal } = exchange;
  const request = await readBody(exchange.request, chatRequest, bodyLimit);
  const ignored = (): void => undefined;
  checkModel(request.model, [service.model]);
  const params = explainParams(request, defaults);
  await engine.load(service.load, { signal, part: ignored });
  const head = { id: `chatcmpl-${randomUUID()}`, created: Math.floor(Date.now() / 1000), model: service.model };
  const notices: Notice[] = [];
  const note = (part: ExplainPart): void => {
    if (part.kind === "notice") notices.push(part.notice);
  };
  if (request.stream !== true) {
    const result = await engine.explain(params, { signal, part: note });
    sendJson(exchange, 200, { ...head, object: "chat.completion", ...completion(result), ...remarks(notices) });
    return;
  }

  const chunk = (choices: readonly object[], more: object = {}): object => ({
    ...head,
    object: "chat.completion.chunk",
    choices,
    ...more,
  });
  const choice = (delta: object, reason: string | null = null): object => ({
    index: 0,
    delta,
    logprobs: null,
    finish_reason: reason,
  });
  const events = new EventStream(exchange);
  let begun = false;
  const begin = (): void => {
    if (!begun) events.send(chunk([choice({ role: "assistant", content: "" })]));
    begun = true;
  };
  try {
    const result = await engine.explain(params, {
      signal,
      part: (part) => {
        note(part);
        // Until the model thinks, the request itself may still turn out to be at fault, which a status can tell.
        if (part.kind === "stage" && part.stage === "thinking") events.open();
        if (part.kind !== "text") return;
        begin();
        events.send(chunk([choice({ content: part.text })]));
      },
    });
    begin();
    events.send(chunk([choice({}, finishReason(result))], remarks(notices)));
    if (request.stream_options?.include_usage === true) events.send(chunk([], { usage: usage(result) }));
    events.end();
  } finally {
    events.close();
  }
}

const completion = (result: ExplainResult): object => ({
  choices: [
    {
      index: 0,
      message: { role: "assistant", content: result.text, refusal: null },
      logprobs: null,
      finish_reason: finishReason(result),
    },
  ],
  usage: usage(result),
});

const usage = ({ promptTokens, tokens, cachedTokens }: ExplainResult): object => ({
  prompt_tokens: promptTokens,
  completion_tokens: tokens,
  total_tokens: promptTokens + tokens,
  prompt_tokens_details: { cached_tokens: cachedTokens },
});

const finishReason = ({ stopped }: ExplainResult): string => (stopped === "length" ? "length" : "stop");

/** What the caller should know without anything having failed: an extension that other clients pass over. */
const remarks = (notices: readonly Notice[]): object => (notices.length === 0 ? {} : { mini_gemini: { notices } });

/** One question to the server. */
import type { Sampling, ServerAddress } from "../../shared/protocol";
import { chatMessages, type SentTurn } from "./chat-messages";
import { readAnswer, type StreamedAnswer } from "./chat-stream";
import { askServer } from "./server-request";

export interface ChatOptions {
  /** As the server names it. */
  readonly model: string;
  readonly sampling: Sampling;
  readonly stop: readonly string[];
  readonly signal: AbortSignal | undefined;
  readonly onText: (text: string) => void;
}

/** @throws FailureError of the request and of its answer. */
export async function completeChat(
  address: ServerAddress,
  turns: readonly SentTurn[],
  { model, sampling, stop, signal, onText }: ChatOptions,
): Promise<StreamedAnswer> {
  const body = JSON.stringify({
    model,
    messages: chatMessages(turns),
    max_tokens: sampling.maxTokens,
    temperature: sampling.temperature,
    top_p: sampling.topP,
    seed: sampling.seed,
    ...(stop.length === 0 ? {} : { stop }),
    stream: true,
    stream_options: { include_usage: true },
  });
  return readAnswer(await askServer(address, "chat/completions", { signal, body, model }), onText);
}

/** The answer of `chat/completions`: server-sent events, or one JSON object from servers that do not stream. */
import { createParser } from "eventsource-parser";
import { z } from "zod";
import { FailureError } from "../../shared/failure";
import { errorMessage } from "./refusal";
import { jsonOf, type ServerResponse } from "./server-request";

const content = z.object({ content: z.string().nullish() }).nullish();
const completion = z.object({
  choices: z.array(z.object({ delta: content, message: content, finish_reason: z.string().nullish() })).nullish(),
  usage: z.object({ prompt_tokens: z.number().nullish(), completion_tokens: z.number().nullish() }).nullish(),
});

type Completion = z.output<typeof completion>;

export interface StreamedAnswer {
  readonly text: string;
  readonly finishReason: string | null;
  readonly promptTokens: number | null;
  readonly tokens: number | null;
}

/**
 * Reads an answer to its end.
 *
 * @throws FailureError `server-cut` where it ends before its end, `server-failed` where an error comes in its midst,
 *   `server-not-api`, `server-silent`, `cancelled`.
 */
export async function readAnswer(response: ServerResponse, onText: (text: string) => void): Promise<StreamedAnswer> {
  const reader = new AnswerReader(response.server, onText);
  if (/^application\/json\b/i.test(response.type)) {
    reader.take(await response.json(z.unknown()));
  } else if (/^text\/event-stream\b/i.test(response.type)) {
    await readEvents(response, reader);
  } else {
    throw new FailureError({ code: "server-not-api", server: response.server, found: response.type });
  }
  return reader.end();
}

async function readEvents(response: ServerResponse, reader: AnswerReader): Promise<void> {
  const events: string[] = [];
  const parser = createParser({ onEvent: ({ data }) => events.push(data) });
  for await (const text of response.text()) {
    parser.feed(text);
    for (const data of events.splice(0)) {
      if (data === "[DONE]") {
        reader.done();
        return;
      }
      reader.take(jsonOf(data));
    }
  }
}

class AnswerReader {
  readonly #server: string;
  readonly #onText: (text: string) => void;
  #text = "";
  #finishReason: string | null = null;
  #done = false;
  #usage: NonNullable<Completion["usage"]> = {};

  constructor(server: string, onText: (text: string) => void) {
    this.#server = server;
    this.#onText = onText;
  }

  take(value: unknown): void {
    const error = errorMessage(value);
    if (error !== undefined) {
      throw new FailureError({ code: "server-failed", server: this.#server, status: 200, reason: error });
    }
    const { data, success } = completion.safeParse(value);
    if (!success)
      throw new FailureError({ code: "server-not-api", server: this.#server, found: "another kind of JSON" });
    this.#usage = data.usage ?? this.#usage;
    const [choice] = data.choices ?? [];
    this.#give((choice?.delta ?? choice?.message)?.content ?? "");
    this.#finishReason = choice?.finish_reason ?? this.#finishReason;
  }

  done(): void {
    this.#done = true;
  }

  end(): StreamedAnswer {
    if (!this.#done && this.#finishReason === null) {
      throw new FailureError({ code: "server-cut", server: this.#server, reason: "it ended in the midst" });
    }
    return {
      text: this.#text.trimEnd(),
      finishReason: this.#finishReason,
      promptTokens: this.#usage.prompt_tokens ?? null,
      tokens: this.#usage.completion_tokens ?? null,
    };
  }

  #give(piece: string): void {
    // Models begin with a space or a line break that says nothing.
    const text = this.#text === "" ? piece.trimStart() : piece;
    if (text === "") return;
    this.#text += text;
    this.#onText(text);
  }
}

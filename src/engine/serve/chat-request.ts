/**
 * The body of `POST /v1/chat/completions` as a question for the engine.
 *
 * Source: OpenAI API reference, "Create chat completion". What would change the answer and is not supported is refused
 * rather than passed over; what only describes the caller (`user`, `metadata`, …) is passed over.
 */
import { randomInt } from "node:crypto";
import { z } from "zod";
import type { ExplainParams, ImageSource, Sampling, TemplateName, Turn } from "../../shared/protocol";
import { HttpError } from "./http-error";

const imageLimit = 40;

const textPart = z.object({ type: z.literal("text"), text: z.string() });
const imagePart = z.object({ type: z.literal("image_url"), image_url: z.object({ url: z.string() }) });

const text = z.union([z.string(), z.array(textPart).max(1000)], { error: "must be a string or text parts" });
const content = z.union([z.string(), z.array(z.discriminatedUnion("type", [textPart, imagePart])).max(1000)], {
  error: "must be a string, or an array of parts of the types text and image_url",
});

const message = z.discriminatedUnion(
  "role",
  [
    z.object({ role: z.enum(["system", "developer"]), content: text }),
    z.object({ role: z.literal("user"), content }),
    z.object({ role: z.literal("assistant"), content: text.nullish() }),
  ],
  { error: "must be system, developer, user or assistant" },
);

/** Only what leaves the answer as it is. */
const zero = z.literal(0, { error: "is not supported" }).nullish();

export const chatRequest = z.object({
  model: z.string().nullish(),
  messages: z.array(message).min(1).max(1000),
  max_tokens: z.int().min(1).nullish(),
  max_completion_tokens: z.int().min(1).nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().gt(0).max(1).nullish(),
  seed: z.int().nullish(),
  stop: z.union([z.string(), z.array(z.string()).max(4)], { error: "must be a string or up to 4 strings" }).nullish(),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().nullish() }).nullish(),
  n: z.literal(1, { error: "must be 1" }).nullish(),
  presence_penalty: zero,
  frequency_penalty: zero,
  logprobs: z.literal(false, { error: "is not supported" }).nullish(),
  tools: z.array(z.unknown()).max(0, { error: "are not supported" }).nullish(),
  response_format: z.object({ type: z.literal("text", { error: "must be text" }) }).nullish(),
  /** As vLLM names them. */
  top_k: z.int().min(-1).nullish(),
  repetition_penalty: z.number().gt(0).max(10).nullish(),
  /** Ours: whether the text in images is read and told to the model. */
  ocr: z.boolean().nullish(),
});

export type ChatRequest = z.output<typeof chatRequest>;

/** What holds where a request says nothing. */
export interface ChatDefaults {
  readonly sampling: Pick<Sampling, "maxTokens" | "temperature">;
  readonly ocr: boolean;
  readonly template?: TemplateName | undefined;
}

/** @throws HttpError 400. */
export function explainParams(request: ChatRequest, defaults: ChatDefaults): ExplainParams {
  const { sampling } = defaults;
  const stop = typeof request.stop === "string" ? [request.stop] : (request.stop ?? []);
  return {
    turns: turnsOf(request.messages),
    sampling: {
      maxTokens: request.max_completion_tokens ?? request.max_tokens ?? sampling.maxTokens,
      temperature: request.temperature ?? sampling.temperature,
      topP: request.top_p ?? 1,
      topK: Math.max(request.top_k ?? 0, 0),
      repetitionPenalty: request.repetition_penalty ?? 1,
      seed: request.seed ?? randomInt(2 ** 32),
    },
    ocr: request.ocr ?? defaults.ocr,
    stop: stop.filter((one) => one !== ""),
    template: defaults.template,
  };
}

/**
 * Turns that alternate, as the models were trained. Their system texts are fixed, so a request's own stands before the
 * question that follows it; neighbouring messages of one side become one turn.
 */
function turnsOf(messages: ChatRequest["messages"]): readonly Turn[] {
  const turns: { role: Turn["role"]; texts: string[]; images: ImageSource[] }[] = [];
  const before: string[] = [];
  let images = 0;
  for (const [index, { role, content: given }] of messages.entries()) {
    const parts = typeof given === "string" ? [{ type: "text" as const, text: given }] : (given ?? []);
    const texts = parts.flatMap((part) => (part.type === "text" ? [part.text] : []));
    if (role === "system" || role === "developer") {
      before.push(...texts);
      continue;
    }
    const last = turns.at(-1);
    const turn = last?.role === role ? last : { role, texts: [], images: [] };
    if (turn !== last) turns.push(turn);
    if (role === "user") turn.texts.push(...before.splice(0));
    turn.texts.push(...texts);
    for (const [at, part] of parts.entries()) {
      if (part.type === "text") continue;
      if (++images > imageLimit) throw invalid("messages", `at most ${imageLimit} images can be given`);
      turn.images.push(imageOf(part.image_url.url, images, `messages[${index}].content[${at}].image_url.url`));
    }
  }
  if (turns[0]?.role !== "user") throw invalid("messages", "the first message besides the system's must be the user's");
  if (turns.at(-1)?.role !== "user" || before.length > 0)
    throw invalid("messages", "the last message must be the user's");
  return turns.map(({ role, texts, images: own }) => {
    const joined = texts.filter((one) => one !== "").join("\n\n");
    return role === "user" ? { role, text: joined, images: own } : { role, text: joined };
  });
}

/** Addresses are never fetched, whatever they name: a server that does so can be sent anywhere by a text. */
function imageOf(url: string, number: number, param: string): ImageSource {
  const found = /^data:[^,;]*(?:;[^,;]*)*;base64,/i.exec(url.slice(0, 200));
  if (found === null) {
    throw new HttpError(`${param}: must be a data: URL with base64; other addresses are not fetched`, {
      status: 400,
      code: "image-address-refused",
      param,
    });
  }
  const bytes = Buffer.from(url.slice(found[0].length), "base64");
  return { name: `image ${number}`, data: { kind: "bytes", bytes } };
}

const invalid = (param: string, message: string): HttpError =>
  new HttpError(`${param}: ${message}`, { status: 400, code: "option-invalid", param });

/** Explaining by a server's model: images are opened and read here, the question and they are answered there. */
import path from "node:path";
import { setImmediate } from "node:timers/promises";
import { throwIfCancelled } from "../../shared/failure";
import type { ExplainParams, ExplainResult, LoadedModel, ServerAddress } from "../../shared/protocol";
import { dataUrlOf } from "../image/data-url";
import type { SentImage, SentTurn } from "../remote/chat-messages";
import { completeChat } from "../remote/complete-chat";
import { findModel } from "../remote/find-model";
import { apiAddress } from "../remote/api-address";
import { peakResidentBytes } from "../runtime/process-memory";
import { type ExplainOptions, readLines, refuseEmpty } from "./explain";
import type { ImageReader } from "./image-reader";

/** Text of one image that is told to the model, in UTF-16 units. */
const longestReading = 8_000;

export interface ServerModel {
  readonly address: ServerAddress;
  /** As the server names it. */
  readonly model: string;
  readonly loaded: LoadedModel;
}

/** @throws FailureError of the server. */
export async function connectServer(address: ServerAddress, signal: AbortSignal): Promise<ServerModel> {
  const started = performance.now();
  const { host } = apiAddress(address.url);
  const model = await findModel(address, signal);
  return {
    address,
    model,
    loaded: {
      name: nameOf(model),
      server: host,
      precision: null,
      device: null,
      visualTokensPerImage: null,
      contextLength: null,
      starter: false,
      milliseconds: performance.now() - started,
      notices: [],
    },
  };
}

export interface ServerExplainOptions extends ExplainOptions {
  /** Runs work that needs this machine's processor when it is free. */
  readonly inTurn: <T>(work: () => Promise<T>) => Promise<T>;
}

/** llama.cpp names a model by its whole path there. */
const nameOf = (model: string): string => (/^(?:\/|[a-z]:\\)/i.test(model) ? path.win32.basename(model) : model);

/** @throws FailureError `prompt-empty`, of the images, of the server, `cancelled`. */
export async function explainOnServer(
  { address, model }: ServerModel,
  images: ImageReader,
  params: ExplainParams,
  { signal, onPart, inTurn }: ServerExplainOptions,
): Promise<ExplainResult> {
  const started = performance.now();
  const timings = { preprocess: 0, ocr: 0 };
  refuseEmpty(params.turns);
  const sendImages = address.sendImages;
  const turns = await inTurn(() => sentTurns(images, params, sendImages, timings, { signal, onPart }));

  const asked = performance.now();
  let firstWord: number | undefined;
  onPart({ kind: "stage", stage: "thinking", done: 0, total: 1 });
  const { sampling, stop = [] } = params;
  const answer = await completeChat(address, turns, {
    model,
    sampling,
    stop,
    signal,
    onText: (text) => {
      if (firstWord === undefined) onPart({ kind: "stage", stage: "writing", done: 0, total: sampling.maxTokens });
      firstWord ??= performance.now();
      onPart({ kind: "text", text });
    },
  });
  const ended = performance.now();
  const decode = ended - (firstWord ?? ended);
  const tokens = answer.tokens ?? 0;
  const cut = answer.finishReason === "length";
  if (cut) onPart({ kind: "notice", notice: { code: "answer-cut", tokens: answer.tokens ?? sampling.maxTokens } });
  return {
    text: answer.text,
    tokens,
    promptTokens: answer.promptTokens ?? 0,
    cachedTokens: 0,
    visualTokens: null,
    imagePrompts: [],
    stopped: cut ? "length" : "end",
    timings: { load: 0, ...timings, encode: 0, prefill: (firstWord ?? ended) - asked, decode, total: ended - started },
    decodeTokensPerSecond: tokens > 1 && decode > 0 ? ((tokens - 1) / decode) * 1000 : 0,
    peakRssMiB: Math.round(peakResidentBytes() / 2 ** 20),
  };
}

async function sentTurns(
  images: ImageReader,
  { turns, ocr }: ExplainParams,
  sendImages: boolean,
  timings: { preprocess: number; ocr: number },
  { signal, onPart }: ExplainOptions,
): Promise<readonly SentTurn[]> {
  const total = turns.reduce((count, turn) => count + (turn.role === "user" ? turn.images.length : 0), 0);
  let done = 0;
  let cutLines = 0;
  const sent: SentTurn[] = [];
  for (const [at, turn] of turns.entries()) {
    if (turn.role === "assistant") {
      sent.push(turn);
      continue;
    }
    const own: SentImage[] = [];
    for (const [index, source] of turn.images.entries()) {
      throwIfCancelled(signal);
      onPart({ kind: "stage", stage: "decoding", done, total });
      const opened = performance.now();
      const image = await images.decode(source, signal);
      const url = sendImages ? await dataUrlOf(image) : undefined;
      timings.preprocess += performance.now() - opened;
      const read = performance.now();
      if (ocr) onPart({ kind: "stage", stage: "reading-text", done, total });
      const lines = ocr ? await readLines(images, image, { signal, onPart }) : [];
      timings.ocr += performance.now() - read;
      const kept = withinLength(lines.map(({ text }) => text));
      cutLines += lines.length - kept.length;
      own.push({ url, lines: kept });
      const { width, height } = image;
      if (at === turns.length - 1) onPart({ kind: "image", index, width, height, visualTokens: null, ocr: lines });
      done++;
      await setImmediate();
    }
    sent.push({ role: "user", text: turn.text, images: own });
  }
  if (cutLines > 0) onPart({ kind: "notice", notice: { code: "ocr-cut", lines: cutLines } });
  return sent;
}

function withinLength(lines: readonly string[]): readonly string[] {
  let room = longestReading;
  return lines.filter((line) => (room -= line.length + 1) >= 0);
}

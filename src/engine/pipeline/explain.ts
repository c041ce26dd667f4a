/**
 * Explaining: the conversation becomes one sequence of positions, what is new of it runs, the answer streams out.
 *
 * Paper: "Mini-Gemini", section 3; reference: dvlab-research/MGM, mgm/serve/cli.py (prompt, OCR, generation option).
 */
import { setImmediate } from "node:timers/promises";
import { failureOf, FailureError, throwIfCancelled } from "../../shared/failure";
import type { ExplainParams, ExplainPart, ExplainResult, Notice, OcrLine, Stage, Turn } from "../../shared/protocol";
import { withoutAdditions } from "../../shared/quotes";
import type { RgbImage } from "../image/decode";
import { peakResidentBytes } from "../runtime/process-memory";
import type { KnownError } from "../text/known-errors";
import { fitLines } from "../text/ocr-lines";
import { encodePrompt } from "../text/prompt";
import { chooseTemplate, type PromptTurn, renderPrompt, separatorOf } from "../text/templates";
import { additionsTo, asksAboutError, endOfLoop } from "./answer-additions";
import { openAnswer, openingOf } from "./answer-opening";
import { AnswerStream } from "./answer-stream";
import { decodeAnswer } from "./decode-answer";
import type { ImageReader } from "./image-reader";
import type { Model } from "./load-model";
import { type ImagePositions, sequenceOf } from "./sequence";

export interface ExplainOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onPart: (part: ExplainPart) => void;
}

/** Lines read with less confidence are left out, as the reference does. */
const leastConfidence = 0.1;
/** Tokens of the context kept free for the text of images, at most, so that a page of text cannot crowd out the rest. */
const ocrShare = 0.4;

interface SeenImage extends ImagePositions {
  readonly image: RgbImage;
  readonly lines: readonly OcrLine[];
}

/** @throws FailureError `prompt-empty`, `prompt-too-long`, of the images, of the runtime, `cancelled`. */
export async function explain(
  model: Model,
  images: ImageReader,
  params: ExplainParams,
  { signal, onPart }: ExplainOptions,
): Promise<ExplainResult> {
  const started = performance.now();
  const timings = { preprocess: 0, ocr: 0, encode: 0, prefill: 0, decode: 0 };
  refuseEmpty(params.turns);
  const seen = await see(model, images, params, timings, { signal, onPart });

  const sequence = fitSequence(model, params, seen, onPart);
  const prefillStarted = performance.now();
  const { language } = model;
  // The last position is run again even when it is in the cache: its logits are needed.
  const cachedTokens = language.cache.keepCommon(sequence.identities.slice(0, -1));
  const logits = await language.prefill(sequence.from(cachedTokens), {
    signal,
    onProgress: (done, total) => {
      onPart({ kind: "stage", stage: "thinking", done, total });
    },
  });
  timings.prefill = performance.now() - prefillStarted;

  const decodeStarted = performance.now();
  onPart({ kind: "stage", stage: "writing", done: 0, total: params.sampling.maxTokens });
  const stops = [separatorOf(templateOf(model, params)), ...(params.stop ?? [])];
  const answer = new AnswerStream(model.tokenizer, stops, onPart);
  const room = model.manifest.contextLength - sequence.identities.length;
  const begun = await beginAnswer(model, params, seen, logits, signal);
  const { tokens, stopped } = await decodeAnswer(model, begun.logits, {
    opening: begun.tokens,
    sampling: { ...params.sampling, maxTokens: Math.min(params.sampling.maxTokens, room) },
    history: sequence.tokenHistory,
    answer,
    signal,
    stopsInLoop: model.manifest.starter,
  });
  answer.end();
  if (stopped === "loop") answer.append(endOfLoop(answer.text));
  if (model.manifest.starter) answer.append(additionsOf(model, params, seen, answer.text));
  timings.decode = performance.now() - decodeStarted;
  if (stopped === "length") onPart({ kind: "notice", notice: { code: "answer-cut", tokens } });
  if (stopped === "loop") onPart({ kind: "notice", notice: { code: "answer-repeats", tokens } });
  return {
    text: answer.text,
    tokens,
    promptTokens: sequence.identities.length,
    cachedTokens,
    visualTokens: seen.reduce((n, { identities }) => n + identities.length, 0),
    imagePrompts: answer.imagePrompts,
    stopped,
    timings: { load: 0, ...timings, total: performance.now() - started },
    decodeTokensPerSecond: tokens > 1 ? ((tokens - 1) / timings.decode) * 1000 : 0,
    peakRssMiB: Math.round(peakResidentBytes() / 2 ** 20),
  };
}

/** How the answer begins, where the starter is asked what one image is; no tokens elsewhere. */
async function beginAnswer(
  model: Model,
  { turns, sampling }: ExplainParams,
  seen: readonly SeenImage[],
  logits: Float32Array,
  signal: AbortSignal | undefined,
): ReturnType<typeof openAnswer> {
  const last = turns.at(-1);
  const shown = seen.at(-1);
  const none = { tokens: [], logits };
  if (model.kindReader === undefined || last?.role !== "user" || last.images.length !== 1 || !shown) return none;
  const { image, lines, embeddings } = shown;
  const errors = errorsIn(model, textsOf([shown])).length;
  const kind = model.kindReader.kindOf({ width: image.width, height: image.height, lines, errors, embeddings });
  const opening = openingOf(last.text, kind);
  if (opening === undefined) return none;
  return openAnswer(model, logits, kind, opening, sampling.maxTokens, signal);
}

/** What is written below an answer about the images of the newest turn that has some. */
function additionsOf(model: Model, params: ExplainParams, seen: readonly SeenImage[], answer: string): string {
  const images = params.turns.map((turn) => (turn.role === "user" ? turn.images.length : 0)).filter((n) => n > 0);
  const lines = textsOf(seen.slice(seen.length - (images.at(-1) ?? 0)));
  return additionsTo(answer, {
    lines,
    errors: errorsIn(model, lines),
    asksAboutError: params.asksAboutError === true || asksAboutError(params.turns.at(-1)?.text ?? ""),
  });
}

const textsOf = (seen: readonly SeenImage[]): string[] => seen.flatMap(({ lines }) => lines.map(({ text }) => text));

const errorsIn = ({ knownErrors }: Model, lines: readonly string[]): readonly KnownError[] =>
  knownErrors?.find(lines) ?? [];

/** @throws FailureError `prompt-empty` */
export function refuseEmpty(turns: readonly Turn[]): void {
  const last = turns.at(-1);
  if (last?.role !== "user" || (last.text.trim() === "" && last.images.length === 0)) {
    throw new FailureError({ code: "prompt-empty" });
  }
}

/** Decodes, reads and encodes every image of the conversation; what has been seen before comes from the caches. */
async function see(
  model: Model,
  images: ImageReader,
  { turns, ocr }: ExplainParams,
  timings: { preprocess: number; ocr: number; encode: number },
  { signal, onPart }: ExplainOptions,
): Promise<readonly SeenImage[]> {
  const sources = turns.flatMap((turn) => (turn.role === "user" ? turn.images : []));
  const last = turns.at(-1);
  const firstOfLast = sources.length - (last?.role === "user" ? last.images.length : 0);
  const seen: SeenImage[] = [];
  for (const [index, source] of sources.entries()) {
    const stage = (name: Stage): void => {
      onPart({ kind: "stage", stage: name, done: index, total: sources.length });
    };
    throwIfCancelled(signal);
    stage("decoding");
    const decodeStarted = performance.now();
    const image = await images.decode(source, signal);
    timings.preprocess += performance.now() - decodeStarted;
    const ocrStarted = performance.now();
    if (ocr) stage("reading-text");
    const lines = ocr ? await readLines(images, image, { signal, onPart }) : [];
    timings.ocr += performance.now() - ocrStarted;
    const embeddings = await model.vision.encode(image, { signal, onStage: stage, timings });
    const identities = Array.from({ length: model.vision.tokensPerImage }, (_, i) => `${image.hash}#${i}`);
    seen.push({ image, lines, identities, embeddings });
    if (index >= firstOfLast) {
      const { width, height } = image;
      const visualTokens = identities.length;
      onPart({ kind: "image", index: index - firstOfLast, width, height, visualTokens, ocr: lines });
    }
    await setImmediate();
  }
  return seen;
}

/** Text that cannot be read is no reason not to look: the answer goes on without it, and says so. */
export async function readLines(
  images: ImageReader,
  image: RgbImage,
  { signal, onPart }: ExplainOptions,
): Promise<readonly OcrLine[]> {
  try {
    const lines = await images.read(image, signal);
    return lines.filter(({ confidence }) => confidence > leastConfidence);
  } catch (thrown) {
    const failure = failureOf(thrown);
    if (failure.code === "cancelled" || failure.code === "bug") throw thrown;
    onPart({ kind: "notice", notice: { code: "ocr-failed", reason: JSON.stringify(failure) } });
    return [];
  }
}

const templateOf = ({ manifest, tokenizer }: Model, { template }: ExplainParams): ReturnType<typeof chooseTemplate> =>
  template ?? chooseTemplate({ family: manifest.config.family }, tokenizer);

/** The sequence of the conversation; oldest turns go first when it would not fit, and the person is told. */
function fitSequence(
  model: Model,
  params: ExplainParams,
  seen: readonly SeenImage[],
  onPart: (part: ExplainPart) => void,
): ReturnType<typeof sequenceOf> {
  const { contextLength, config } = model.manifest;
  const limit = contextLength - Math.min(params.sampling.maxTokens, Math.floor(contextLength / 4));
  const notices: Notice[] = [];
  const template = templateOf(model, params);
  const ocrTokens = Math.min(Math.floor(limit * ocrShare), config.ocrTokens);
  const { turns, cutLines } = promptTurns(model, params, seen, ocrTokens);
  if (cutLines > 0) notices.push({ code: "ocr-cut", lines: cutLines });
  for (let dropped = 0; ; dropped += 2) {
    const kept = turns.slice(dropped);
    const firstImage = turns.slice(0, dropped).reduce((n, turn) => n + imagesOf(turn), 0);
    const pieces = encodePrompt(model.tokenizer, renderPrompt(template, kept));
    const sequence = sequenceOf(pieces, seen.slice(firstImage), model.embeddings);
    if (sequence.identities.length <= limit) {
      if (dropped > 0) notices.push({ code: "history-dropped", turns: dropped });
      for (const notice of notices) onPart({ kind: "notice", notice });
      return sequence;
    }
    if (kept.length <= 2) {
      throw new FailureError({ code: "prompt-too-long", tokens: sequence.identities.length, limit });
    }
  }
}

const imagesOf = (turn: PromptTurn): number => (turn.role === "user" ? turn.imageCount : 0);

/** Turns with the text of their images; lines are left out where they would take more than their share. */
function promptTurns(
  model: Model,
  { turns, drawing }: ExplainParams,
  seen: readonly SeenImage[],
  ocrTokens: number,
): { turns: readonly PromptTurn[]; cutLines: number } {
  const { tokenizer, manifest } = model;
  let image = 0;
  let room = ocrTokens;
  let cutLines = 0;
  const prompt = turns.map((turn, index): PromptTurn => {
    if (turn.role === "assistant") return manifest.starter ? { ...turn, text: withoutAdditions(turn.text) } : turn;
    const lines = textsOf(seen.slice(image, image + turn.images.length));
    image += turn.images.length;
    const { kept, tokens } = fitLines(lines, room, (line) => tokenizer.encode(line, { plain: true }).length + 1);
    room -= tokens;
    cutLines += lines.length - kept.length;
    const asks = drawing === true && index === turns.length - 1;
    const knownError = errorsIn(model, lines)[0]?.name;
    return { role: "user", text: turn.text, imageCount: turn.images.length, ocr: kept, knownError, drawing: asks };
  });
  return { turns: prompt, cutLines };
}

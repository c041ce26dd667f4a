/** `explain IMAGE…`: the answer streams to standard output, stages and notices to standard error. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { FailureError } from "../../shared/failure";
import type {
  ExplainPart,
  ExplainResult,
  LoadedModel,
  Notice,
  OcrLine,
  ServerAddress,
  Stage,
} from "../../shared/protocol";
import { decodeImage } from "../image/decode";
import { type AnswerOptions, interruptSignal, loadParams, newEngine } from "./options";

export interface ExplainOptions extends AnswerOptions {
  readonly ask?: string;
  readonly temperature: number;
  readonly seed: number;
  readonly ocr: boolean;
  readonly gen: boolean;
  readonly json: boolean;
  readonly server?: string;
  readonly serverModel?: string;
  readonly serverTokenFile?: string;
  readonly serverImages: boolean;
}

const defaultQuestion = "Explain this image.";

const stageWords: Readonly<Record<Stage, string>> = {
  decoding: "opening the image",
  "reading-text": "reading the text",
  looking: "looking",
  "looking-closely": "looking closely",
  thinking: "thinking",
  writing: "",
};

function noticeWords(notice: Notice): string {
  switch (notice.code) {
    case "device-fell-back":
      return `The device ${notice.device} could not be used (${notice.reason}); the CPU is used.`;
    case "history-dropped":
      return `The ${notice.turns} oldest turns no longer fitted and were left out.`;
    case "answer-cut":
      return `The answer was cut after ${notice.tokens} tokens.`;
    case "answer-repeats":
      return `The model began to repeat itself and was stopped after ${notice.tokens} tokens.`;
    case "ocr-failed":
      return `The text in the image could not be read: ${notice.reason}`;
    case "other-engine":
      return `Another engine (process ${notice.process}) holds ${notice.model} in memory.`;
    case "ocr-cut":
      return `${notice.lines} lines of text in images no longer fitted and were left out.`;
  }
}

export async function explainCommand(images: readonly string[], options: ExplainOptions): Promise<void> {
  const signal = interruptSignal();
  const sources = images.map((file) => ({
    name: path.basename(file),
    data: { kind: "file", file: path.resolve(file) } as const,
  }));
  // A model may take minutes to prepare: an image that cannot be read is told before that.
  for (const source of sources) await decodeImage(source, signal);
  const engine = newEngine();
  const say = (text: string): void => {
    if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`);
  };
  const loaded = await engine.handlers.load(
    { ...loadParams(options), server: await serverOf(options) },
    {
      signal,
      part: ({ stage, done, total }) => {
        say(`${stage} ${Math.round((100 * done) / Math.max(total, 1))} %`);
      },
    },
  );
  say("");
  for (const notice of loaded.notices) process.stderr.write(`${noticeWords(notice)}\n`);
  const ocr: OcrLine[] = [];
  const onPart = (part: ExplainPart): void => {
    if (part.kind === "stage") say(stageWords[part.stage]);
    else if (part.kind === "image") ocr.push(...part.ocr);
    else if (part.kind === "text") process.stdout.write(part.text);
    else if (part.kind === "image-prompt") process.stderr.write(`\n[picture asked for: ${part.prompt}]\n`);
    else process.stderr.write(`\n${noticeWords(part.notice)}\n`);
  };
  const result = await engine.handlers.explain(
    {
      turns: [{ role: "user", text: options.ask ?? defaultQuestion, images: sources }],
      sampling: {
        maxTokens: options.maxTokens,
        temperature: options.temperature,
        topP: 1,
        topK: 0,
        repetitionPenalty: 1,
        seed: options.seed,
      },
      ocr: options.ocr,
      drawing: options.gen,
      template: options.template,
    },
    { signal, part: onPart },
  );
  process.stdout.write("\n");
  if (options.json) process.stdout.write(`${JSON.stringify(summary(loaded, result, ocr))}\n`);
  await engine.handlers.unload({}, { signal: new AbortController().signal, part: () => undefined });
}

const serverTimeoutSeconds = 240;

async function serverOf({
  server,
  serverModel = "",
  serverTokenFile,
  serverImages,
}: ExplainOptions): Promise<ServerAddress | undefined> {
  if (server === undefined) return undefined;
  const token = serverTokenFile === undefined ? undefined : await readToken(path.resolve(serverTokenFile));
  return { url: server, model: serverModel, token, sendImages: serverImages, timeoutSeconds: serverTimeoutSeconds };
}

async function readToken(file: string): Promise<string> {
  try {
    return (await readFile(file, "utf8")).trim();
  } catch (thrown) {
    throw new FailureError({ code: "file-unreadable", file, reason: String(thrown) }, { cause: thrown });
  }
}

function summary(loaded: LoadedModel, result: ExplainResult, ocr: readonly OcrLine[]): object {
  const { text, tokens, promptTokens, visualTokens, timings, decodeTokensPerSecond, peakRssMiB } = result;
  const { name, precision, device, milliseconds } = loaded;
  const rounded = Object.fromEntries(
    Object.entries({ ...timings, load: milliseconds }).map(([key, value]: [string, number]) => [
      key,
      Math.round(value),
    ]),
  );
  return {
    text,
    tokens,
    promptTokens,
    visualTokens,
    ocr,
    imagePrompts: result.imagePrompts,
    timings: rounded,
    decodeTokensPerSecond: Number(decodeTokensPerSecond.toFixed(2)),
    model: name,
    precision,
    device,
    peakRssMiB,
  };
}

/** `generate PROMPT --out FILE`: draws one picture into a file; stages and steps go to standard error. */
import { randomInt } from "node:crypto";
import { rename } from "node:fs/promises";
import path from "node:path";
import { type PictureFormat, pictureFormats } from "../../shared/encode-protocol";
import { failureOf, FailureError } from "../../shared/failure";
import {
  type GeneratedPicture,
  type GenerateParams,
  type GeneratePart,
  type GenerateResult,
  type GenerateStage,
  largestSeed,
  type SchedulerName,
} from "../../shared/generate-protocol";
import { embeddedIllustrator } from "../pipeline/generate";
import { OutputFile } from "../weights/output-file";
import { interruptSignal, loadParams, type ModelOptions, newEngine } from "./options";

export interface GenerateOptions extends Omit<ModelOptions, "encoders" | "precision"> {
  readonly out: string;
  readonly steps?: number;
  readonly guidance?: number;
  readonly seed?: number;
  readonly size?: { readonly width: number; readonly height: number };
  readonly scheduler?: SchedulerName;
  readonly negative?: string;
  readonly from?: string;
  readonly strength: number;
  readonly json: boolean;
}

const stageWords: Readonly<Record<GenerateStage, string>> = {
  reading: "reading the model",
  preparing: "preparing the model",
  loading: "loading the model",
  "reading-prompt": "reading the prompt",
  "reading-image": "looking at the picture",
  decoding: "finishing the picture",
};

export async function generateCommand(prompt: string, options: GenerateOptions): Promise<void> {
  const signal = interruptSignal();
  const out = path.resolve(options.out);
  const format = formatOf(out);
  const { preparedRoot, device, threads } = loadParams(options);
  const engine = newEngine();
  const say = (text: string): void => {
    if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`);
  };
  let picture: GeneratedPicture | undefined;
  const onPart = (part: GeneratePart): void => {
    if (part.kind === "stage") say(stageWords[part.stage]);
    else if (part.kind === "step") say(`step ${part.step} of ${part.steps}`);
    else picture = part.picture;
  };
  const result = await engine.handlers.generate(
    {
      model: path.resolve(options.model ?? embeddedIllustrator()),
      preparedRoot,
      device,
      threads,
      prompt,
      negative: options.negative,
      steps: options.steps,
      guidance: options.guidance,
      seed: options.seed ?? randomInt(largestSeed + 1),
      size: options.size,
      count: 1,
      scheduler: options.scheduler,
      from: sourceOf(options),
    },
    { signal, part: onPart },
  );
  say("");
  if (picture === undefined) throw new TypeError("no picture was drawn");
  const { bytes } = await engine.handlers.encodePicture(
    { png: picture.png, format },
    { signal, part: () => undefined },
  );
  await writeWhole(out, bytes);
  if (result.tokensLeftOut > 0) {
    process.stderr.write(`The prompt was too long: its last ${result.tokensLeftOut} tokens were left out.\n`);
  }
  process.stdout.write(options.json ? `${JSON.stringify(summary(out, result))}\n` : `${out}\n`);
  await engine.handlers.unload({}, { signal: new AbortController().signal, part: () => undefined });
}

function sourceOf({ from, strength }: GenerateOptions): GenerateParams["from"] {
  if (from === undefined) return undefined;
  return { image: { name: path.basename(from), data: { kind: "file", file: path.resolve(from) } }, strength };
}

/** @throws FailureError `option-invalid` for an ending that says no format. */
function formatOf(file: string): PictureFormat {
  const ending = path.extname(file).slice(1).toLowerCase().replace("jpg", "jpeg");
  const format = pictureFormats.find((known) => known === ending && known !== "ico");
  if (format !== undefined) return format;
  const expected = "a file that ends in .png, .webp, .avif, .jpg or .jpeg";
  throw new FailureError({ code: "option-invalid", option: "--out", expected, found: path.basename(file) });
}

/** A file beside the wanted one, renamed when it is whole. @throws FailureError `disk-full`, `write-failed`. */
async function writeWhole(file: string, bytes: Uint8Array): Promise<void> {
  const temporary = path.join(path.dirname(file), `.${path.basename(file)}.${process.pid}`);
  try {
    const output = await OutputFile.create(temporary, bytes.length);
    try {
      await output.write(bytes, 0);
      await output.close();
      await rename(temporary, file);
    } catch (thrown) {
      await output.discard();
      throw thrown;
    }
  } catch (thrown) {
    const failure = failureOf(thrown);
    if (failure.code === "disk-full") throw thrown;
    const reason = failure.code === "write-failed" ? failure.reason : ((thrown as NodeJS.ErrnoException).code ?? "");
    throw new FailureError({ code: "write-failed", file, reason }, { cause: thrown });
  }
}

function summary(file: string, { timings, ...result }: GenerateResult): object {
  const rounded = Object.entries(timings).map(([name, value]: [string, number]) => [name, Math.round(value)]);
  return { file, ...result, timings: Object.fromEntries(rounded) as Record<string, number> };
}

/** `bench DIR`: how fast a checkpoint is on this machine. Prints one JSON object. */
import type { LoadedModel } from "../../shared/protocol";
import { loadModel, type Model } from "../pipeline/load-model";
import { peakResidentBytes } from "../runtime/process-memory";
import { interruptSignal, loadParams, type ModelOptions } from "./options";

const promptTokens = 600;
const decodeTokens = 24;
const rounds = 3;

export async function benchCommand(folder: string, options: ModelOptions): Promise<void> {
  const signal = interruptSignal();
  const params = loadParams({ ...options, model: folder });
  const model = await loadModel(params, { signal });
  try {
    const encode = await timeEncoders(model, signal);
    const language = await timeLanguage(model, signal);
    const { name, precision, device, layersFrom, milliseconds } = model.loaded;
    const result: BenchResult = {
      model: name,
      precision,
      device,
      layersFrom,
      loadMilliseconds: milliseconds,
      encodeMilliseconds: Math.round(encode),
      prefillTokensPerSecond: Number(language.prefill.toFixed(1)),
      decodeTokensPerSecond: Number(language.decode.toFixed(2)),
      peakRssMiB: Math.round(peakResidentBytes() / 2 ** 20),
    };
    process.stdout.write(`${JSON.stringify(result)}\n`);
  } finally {
    await model.dispose();
  }
}

interface BenchResult {
  readonly model: string;
  readonly precision: LoadedModel["precision"];
  readonly device: LoadedModel["device"];
  readonly layersFrom: LoadedModel["layersFrom"];
  readonly loadMilliseconds: number;
  readonly encodeMilliseconds: number;
  readonly prefillTokensPerSecond: number;
  readonly decodeTokensPerSecond: number;
  readonly peakRssMiB: number;
}

/** Median time of both encoders and mining on one image. */
async function timeEncoders({ vision }: Model, signal: AbortSignal): Promise<number> {
  const pixels = new Uint8Array(3 * vision.manifest.highResolution ** 2).map((_, i) => (i * 37) % 251);
  const times: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const timings = { preprocess: 0, encode: 0 };
    await vision.encodePixels(pixels, { signal, onStage: () => undefined, timings });
    if (round > 0) times.push(timings.encode);
  }
  return median(times);
}

async function timeLanguage(
  { language, embeddings, manifest }: Model,
  signal: AbortSignal,
): Promise<{ prefill: number; decode: number }> {
  const count = Math.min(promptTokens, manifest.contextLength - decodeTokens - 1);
  const ids = Array.from({ length: count }, (_, i) => (i * 7919) % manifest.config.vocabularySize);
  const prompt = { identities: ids, embeddings: embeddings.rows(ids) };
  const prefills: number[] = [];
  const decodes: number[] = [];
  for (let round = 0; round < rounds; round++) {
    language.cache.truncate(0);
    const started = performance.now();
    await language.prefill(prompt, { signal });
    prefills.push(performance.now() - started);
    for (const id of ids.slice(0, decodeTokens)) {
      const stepStarted = performance.now();
      await language.run({ identities: [id], embeddings: embeddings.rows([id]) });
      decodes.push(performance.now() - stepStarted);
    }
  }
  return { prefill: (count / median(prefills)) * 1000, decode: 1000 / median(decodes) };
}

function median(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

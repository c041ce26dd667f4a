/** A model in memory: its networks open on a device, its tokenizer, its embedding table. */
import path from "node:path";
import { failureOf, FailureError, throwIfCancelled } from "../../shared/failure";
import type { Device, LoadedModel, LoadParams, LoadPart, Notice } from "../../shared/protocol";
import { cachedHeadSize } from "../networks/decoder-parts";
import { claimUse } from "../platform/lease";
import { packageRoot } from "../platform/package-root";
import { deviceKey, deviceMemory, type Placement } from "../runtime/device-memory";
import { chooseReading } from "../runtime/choose-reading";
import { chooseDevice, verifyDevice } from "../runtime/devices";
import { EmbeddingTable } from "../runtime/embedding-table";
import { LanguageModel, type LanguageModelShape, type LongPrompts } from "../runtime/language-model";
import { Network } from "../runtime/network";
import { onnxruntime } from "../runtime/onnxruntime";
import { availableBytes } from "../runtime/process-memory";
import { PromptReader } from "../runtime/prompt-reader";
import { KnownErrors } from "../text/known-errors";
import type { Tokenizer } from "../text/tokenizer";
import { encodersNeedCpu } from "./build-networks";
import { KindReader } from "./kind-reader";
import { openTokenizer } from "./open-tokenizer";
import { prepareModel } from "./prepare-model";
import { inUseFolder, type Manifest, networkNames, readManifest } from "./prepared-model";
import { Vision } from "./vision";

export interface Model {
  readonly loaded: LoadedModel;
  readonly manifest: Manifest;
  readonly tokenizer: Tokenizer;
  readonly vision: Vision;
  readonly language: LanguageModel;
  readonly embeddings: EmbeddingTable;
  /** Only for the starter, which is trained to be told of them. */
  readonly knownErrors: KnownErrors | undefined;
  /** Only for the starter, which is trained to be told the kind of an image. */
  readonly kindReader: KindReader | undefined;
  dispose(): Promise<void>;
}

export interface LoadOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onPart?: ((part: LoadPart) => void) | undefined;
  /** Networks that also give the reference's intermediate values. */
  readonly intermediates?: boolean;
}

/**
 * Prepares a checkpoint where needed and opens it. A device that fails is replaced by the CPU, with a notice.
 *
 * @throws FailureError of preparing; `tokenizer-mismatch`; `out-of-memory` before a load that cannot fit; `cancelled`.
 */
export async function loadModel(params: LoadParams, options: LoadOptions = {}): Promise<Model> {
  const started = performance.now();
  const { signal, onPart } = options;
  onPart?.({ stage: "reading", done: 0, total: 1 });
  const { folder } = await prepareModel(params, options);
  const manifest = await readManifest(folder);
  if (manifest === undefined)
    throw new FailureError({ code: "prepared-invalid", folder, reason: "it has no manifest" });
  throwIfCancelled(signal);
  checkMemory(manifest);
  // The embedded starter cannot be deleted, and its folder may be one that nobody writes to.
  const used = manifest.starter ? [] : [folder, params.model];
  const claim = used.length === 0 ? undefined : await claimUse(inUseFolder(params.preparedRoot), used);
  try {
    const model = await loadPrepared(folder, manifest, params, { ...options, started });
    return {
      ...model,
      dispose: async () => {
        await model.dispose();
        await claim?.release();
      },
    };
  } catch (thrown) {
    await claim?.release();
    throw thrown;
  }
}

async function loadPrepared(
  folder: string,
  manifest: Manifest,
  params: LoadParams,
  { started, ...options }: LoadOptions & { readonly started: number },
): Promise<Model> {
  const { signal, onPart } = options;
  const tokenizer = await openTokenizer(folder, manifest.config.vocabularySize);
  onPart?.({ stage: "choosing-device", done: 0, total: 1 });
  const { placement, notices } = await decideDevice(folder, manifest, params);
  throwIfCancelled(signal);
  return open(folder, manifest, tokenizer, { placement, notices, params, started }, options);
}

interface OpenParams {
  readonly placement: Placement;
  readonly notices: readonly Notice[];
  readonly params: LoadParams;
  readonly started: number;
}

async function open(
  folder: string,
  manifest: Manifest,
  tokenizer: Tokenizer,
  { placement: { device, largestChunk }, notices, params, started }: OpenParams,
  { signal, onPart }: LoadOptions,
): Promise<Model> {
  const names = Object.values(networkNames);
  const opened: Network[] = [];
  const dispose = async (): Promise<void> => {
    await Promise.all(opened.map((network) => network.dispose()));
  };
  try {
    for (const [index, name] of names.entries()) {
      onPart?.({ stage: "loading", done: index, total: names.length });
      throwIfCancelled(signal);
      const onCpu = staysOnCpu(name, manifest, largestChunk !== undefined);
      opened.push(await Network.open(folder, name, { device: onCpu ? "cpu" : device, threads: params.threads }));
    }
    const [lowResolution, highResolution, visualTokens, decoder] = opened;
    if (!lowResolution || !highResolution || !visualTokens || !decoder) throw new TypeError("a network is missing");
    const longPrompts = device === "cpu" ? await decideReading(folder, decoder, manifest, params) : undefined;
    throwIfCancelled(signal);
    const runtime = await onnxruntime();
    const vision = new Vision(manifest.vision, { lowResolution, highResolution, visualTokens }, runtime);
    const knownErrors = manifest.starter ? await KnownErrors.read(mediaFile("known-errors.json")) : undefined;
    const kindReader = manifest.starter ? await KindReader.read(mediaFile("kind-reader.safetensors")) : undefined;
    const embeddings = new EmbeddingTable(folder, manifest.embeddings);
    const loaded: LoadedModel = {
      name: manifest.name,
      precision: manifest.precision,
      device,
      visualTokensPerImage: vision.tokensPerImage,
      contextLength: manifest.contextLength,
      layersFrom: longPrompts?.from,
      starter: manifest.starter,
      milliseconds: Math.round(performance.now() - started),
      notices,
    };
    return {
      loaded,
      manifest,
      tokenizer,
      vision,
      language: new LanguageModel(decoder, runtime, shapeOf(manifest), { largestChunk, longPrompts }),
      embeddings,
      knownErrors,
      kindReader,
      dispose: async () => {
        embeddings.dispose();
        await dispose();
      },
    };
  } catch (thrown) {
    await dispose();
    throw thrown;
  }
}

/**
 * Whether a network runs on the CPU whatever the device: encoders in int8, whose products only the CPU has, and the one
 * made of attention where attention over many positions cannot be trusted.
 */
function staysOnCpu(name: string, { precision }: Manifest, distrusted: boolean): boolean {
  const isClip = name === networkNames.lowResolution;
  const isEncoder = isClip || name === networkNames.highResolution;
  return (isEncoder && encodersNeedCpu(precision)) || (isClip && distrusted);
}

const mediaFile = (name: string): string => path.join(packageRoot(), "media", name);

async function decideDevice(
  folder: string,
  manifest: Manifest,
  { device, threads, preparedRoot }: LoadParams,
): Promise<{ placement: Placement; notices: readonly Notice[] }> {
  const trial = { folder, name: networkNames.decoder, shape: shapeOf(manifest), threads };
  if (device === "auto") {
    const key = deviceKey(folder, manifest.source);
    return { placement: await chooseDevice(deviceMemory(preparedRoot), key, trial), notices: [] };
  }
  try {
    return { placement: await verifyDevice(trial, device), notices: [] };
  } catch (thrown) {
    return { placement: { device: "cpu" }, notices: [fellBack(device, thrown)] };
  }
}

/** How long prompts are read on the CPU; `undefined` where nothing is faster than the network itself. */
async function decideReading(
  folder: string,
  network: Network,
  manifest: Manifest,
  { device, threads, preparedRoot }: LoadParams,
): Promise<LongPrompts | undefined> {
  const { config, contextLength } = manifest;
  const reader = await PromptReader.of({ folder, name: networkNames.decoder, config, contextLength, threads });
  if (reader === undefined) return undefined;
  const key = deviceKey(folder, manifest.source);
  // A device that was asked for is no choice to remember.
  const trial = { network, shape: shapeOf(manifest), reader };
  return chooseReading(deviceMemory(preparedRoot), device === "auto" ? key : `${key}-cpu`, trial);
}

function fellBack(device: Device, thrown: unknown): Notice {
  const failure = failureOf(thrown);
  if (failure.code !== "device-unavailable") throw thrown;
  return { code: "device-fell-back", device, reason: failure.reason };
}

function shapeOf({ config }: Manifest): LanguageModelShape {
  const { layers, keyValueHeads, headSize, hiddenSize, vocabularySize } = config;
  return { layers, keyValueHeads, headSize: cachedHeadSize(headSize), hiddenSize, vocabularySize };
}

/** Weights are read into memory about once; the embedding table stays on disk. */
function checkMemory({ files }: Manifest): void {
  const neededBytes = Object.entries(files).reduce(
    (n, [name, bytes]) => (name.startsWith("embeddings") ? n : n + bytes),
    0,
  );
  const available = availableBytes();
  if (neededBytes > available) {
    throw new FailureError({ code: "out-of-memory", neededBytes, availableBytes: available });
  }
}

/**
 * One greedy answer with every intermediate value on the way, under the names that the golden files use.
 *
 * Values are float32, token ids int64; with several images each tensor holds all of them along its first axis.
 */
import path from "node:path";
import type { LoadedModel, LoadParams, TemplateName } from "../../shared/protocol";
import { decodeImage } from "../image/decode";
import { highResolutionPixels } from "../image/preprocess";
import { decoderNames } from "../networks/decoder-parts";
import { viewsOf } from "../networks/visual-tokens";
import type { Tensors } from "../runtime/network";
import { encodePrompt, type PromptPiece } from "../text/prompt";
import { chooseTemplate, type PromptTurn, renderPrompt } from "../text/templates";
import { type NamedTensor, writeSafetensors } from "../weights/write-safetensors";
import { loadModel, type Model } from "./load-model";
import { sequenceOf } from "./sequence";
import type { Vision } from "./vision";

export interface DumpParams {
  readonly images: readonly string[];
  /** Files with the 8-bit high-resolution pixels of each image, taken instead of the images' own. */
  readonly pixels: readonly string[];
  /** The conversation; its images are numbered over all turns. */
  readonly turns: readonly PromptTurn[];
  readonly template: TemplateName | undefined;
  readonly maxTokens: number;
  readonly out: string;
  readonly signal: AbortSignal;
}

/** Stands for an image among the ids of a prompt, as in the reference (mgm/constants.py). */
const imageTokenIndex = -200;

/** @returns the model as it was loaded: on which device, with which notices. */
export async function dumpIntermediates(load: LoadParams, params: DumpParams): Promise<LoadedModel> {
  const model = await loadModel(load, { signal: params.signal, intermediates: true });
  try {
    const images = await encodeImages(model, params);
    const { manifest, tokenizer } = model;
    const { hiddenSize } = manifest.config;
    const template = params.template ?? chooseTemplate({ family: manifest.config.family }, tokenizer);
    const pieces = encodePrompt(tokenizer, renderPrompt(template, params.turns));
    const positions = images.map(({ tokens }, image) => ({
      identities: Array.from({ length: tokens.length / hiddenSize }, (_, i) => `${image}#${i}`),
      embeddings: tokens,
    }));
    const prompt = sequenceOf(pieces, positions, model.embeddings).from(0);
    const answer = await answerGreedily(model, prompt, params);
    await writeSafetensors(params.out, [
      ...joined(
        images.map(({ intermediates }) => intermediates),
        model.vision.manifest,
      ),
      integers("input_ids", inputIds(pieces)),
      { name: "inputs_embeds", dims: [1, prompt.identities.length, hiddenSize], data: prompt.embeddings },
      ...answer,
    ]);
    return model.loaded;
  } finally {
    await model.dispose();
  }
}

async function encodeImages(
  { vision }: Model,
  { images, pixels, signal }: DumpParams,
): Promise<{ tokens: Float32Array; intermediates: Tensors }[]> {
  const { highResolution, aspect } = vision.manifest;
  const encoded: { tokens: Float32Array; intermediates: Tensors }[] = [];
  for (const index of Array.from({ length: Math.max(images.length, pixels.length) }).keys()) {
    const file = pixels[index] ?? images[index] ?? "";
    const image = await decodeImage({ name: path.basename(file), data: { kind: "file", file } }, signal);
    // Given pixels are already of the right size, so padding and resizing leave them as they are.
    const high = highResolutionPixels(image, highResolution, aspect);
    const options = { signal, onStage: () => undefined, timings: { preprocess: 0, encode: 0 } };
    encoded.push(await vision.encodePixels(high, options));
  }
  return encoded;
}

async function answerGreedily(
  { language, embeddings, manifest, tokenizer }: Model,
  prompt: Parameters<Model["language"]["prefill"]>[0],
  { maxTokens, signal }: DumpParams,
): Promise<NamedTensor[]> {
  let logits = await language.prefill(prompt, { signal });
  const first = Float32Array.from(logits);
  const ids: number[] = [];
  while (ids.length < maxTokens) {
    const id = largest(logits);
    ids.push(id);
    if (tokenizer.endTokens.includes(id) || ids.length === maxTokens) break;
    const [next] = await language.run({ identities: [id], embeddings: embeddings.rows([id]) });
    if (next === undefined) throw new TypeError(`no ${decoderNames.logits}`);
    logits = next;
  }
  // The reference's generate() gives the begin token back first, but not for Gemma (transformers 4.38).
  const begin = manifest.config.family === "gemma" ? undefined : tokenizer.beginToken;
  return [
    integers("generated_ids", begin === undefined ? ids : [begin, ...ids]),
    { name: "logits_last_prompt", dims: [first.length], data: first },
    { name: "logits_last_generated_step", dims: [logits.length], data: Float32Array.from(logits) },
  ];
}

function inputIds(pieces: readonly PromptPiece[]): readonly number[] {
  return pieces.flatMap((piece) => (piece.kind === "tokens" ? piece.ids : [imageTokenIndex]));
}

function integers(name: string, ids: readonly number[]): NamedTensor {
  return { name, dims: [1, ids.length], data: BigInt64Array.from(ids, BigInt) };
}

/** The tensors of all images, each name once, joined along the first axis, with the axes of the golden files. */
function joined(images: readonly Tensors[], vision: Vision["manifest"]): NamedTensor[] {
  const names = Object.keys(images[0] ?? {}).filter((name) => !/^stage\d$/.test(name));
  return names.map((name) => {
    const parts = images.map((tensors) => floatsOf(tensors, name));
    const data = new Float32Array(parts.reduce((n, part) => n + part.length, 0));
    parts.reduce((at, part) => (data.set(part, at), at + part.length), 0);
    const [first = 0, ...rest] = goldenDims(name, images[0]?.[name]?.dims ?? [], vision);
    return { name, dims: [first * images.length, ...rest], data };
  });
}

/** The networks know no batch of images, and lay all tiles of an image in one row; the golden files have axes for both. */
function goldenDims(name: string, dims: readonly number[], vision: Vision["manifest"]): readonly number[] {
  const tokens = vision.tokensPerSide ** 2;
  if (/^(?:projector_in|visual_tokens)$/.test(name)) return [1, ...dims];
  if (/^(?:q|k|v|tv)(?:\.\d+)?$/.test(name)) return [(dims[0] ?? 0) / tokens, tokens, ...dims.slice(1)];
  return name === "lr_pixels" && viewsOf(vision) > 1 ? [1, ...dims] : dims;
}

function floatsOf(tensors: Tensors, name: string): Float32Array {
  const data = tensors[name]?.data;
  if (!(data instanceof Float32Array)) throw new TypeError(`${name} is not float32`);
  return data;
}

function largest(logits: Float32Array): number {
  let best = 0;
  for (const [id, logit] of logits.entries()) if (logit > (logits[best] ?? -Infinity)) best = id;
  return best;
}

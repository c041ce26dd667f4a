/**
 * Sizes of the models of the catalogue: published, prepared and in memory, in bytes, from the shapes of their tensors.
 *
 * The formats are those of `engine/pipeline/build-networks.ts`; a test holds these sums against a prepared checkpoint.
 */
import { type CatalogueEntry, type DecoderShape, encoders, type VisionLanguageEntry } from "./model-catalogue";
import type { Precision } from "./protocol";

export interface ModelSizes {
  /** What is downloaded for it, encoders included. */
  readonly download: number;
  /** The prepared networks. */
  readonly prepared: number;
  /** Memory while it answers: weights, the key-value cache of a full context, and what one answer needs besides. */
  readonly memory: number;
}

/** Weights of all matrices between the embedding and the head. */
export function decoderMatrixWeights(shape: DecoderShape): number {
  const { hidden, intermediate, layers, heads, keyValueHeads, headSize, experts } = shape;
  const attention = hidden * headSize * (2 * heads + 2 * keyValueHeads);
  return layers * (attention + experts * 3 * hidden * intermediate);
}

/** Weights that an answer's every token runs through, which is what decides its speed. */
export function activeWeights(shape: DecoderShape): number {
  return decoderMatrixWeights({ ...shape, experts: shape.expertsPerToken }) + shape.vocabulary * shape.hidden;
}

export function parametersOf(entry: CatalogueEntry): number {
  if (entry.kind === "diffusion") return entry.parameters;
  const { decoder } = entry;
  const tables = decoder.family === "gemma" ? 1 : 2;
  return decoderMatrixWeights(decoder) + tables * decoder.vocabulary * decoder.hidden;
}

/** Bits of one weight: the code, and its share of a block's float32 scale. */
const bits = {
  f32: { decoder: 32, embeddings: 32, encoders: 32 },
  int8: { decoder: 8 + 32 / 32, embeddings: 8 + 32 / 32, encoders: 8 + 32 / 128 },
  int4: { decoder: 4 + 32 / 64, embeddings: 8 + 32 / 32, encoders: 8 + 32 / 128 },
} as const satisfies Record<Precision, object>;

/** Weights of 23 layers of CLIP ViT-L/14 at 336 and of the trunk of ConvNeXt-L. */
const encoderWeights = 0.29e9 + 0.196e9;
/** The projector and patch info mining stay in float32. */
const miningWeights = (hidden: number): number => 2 * 1024 * 2880 + 1024 * 1024 + 1024 * hidden + hidden * hidden;
/** Rows of the key-value cache, float32: the context of the published models. */
const contextLength = 4096;
/** The runtime itself, images in work and the results of layers, as measured with the 2B (bench). */
const workingMemory = 700e6;

export function sizesOf(entry: CatalogueEntry, precision: Precision): ModelSizes {
  return entry.kind === "diffusion" ? diffusionSizes(entry.parameters) : visionLanguageSizes(entry, precision);
}

function visionLanguageSizes(entry: VisionLanguageEntry, precision: Precision): ModelSizes {
  const { decoder } = entry;
  const width = bits[precision];
  const table = decoder.vocabulary * decoder.hidden;
  const embeddings = (table * width.embeddings) / 8;
  const matrices = ((decoderMatrixWeights(decoder) + table) * width.decoder) / 8;
  const vision = (encoderWeights * width.encoders) / 8 + 4 * miningWeights(decoder.hidden);
  const cache = 2 * 4 * decoder.layers * decoder.keyValueHeads * decoder.headSize * contextLength;
  const weights = matrices + vision;
  return {
    download: 2 * parametersOf(entry) + encoders.lowResolution.bytes + encoders.highResolution.bytes,
    prepared: weights + embeddings,
    memory: weights + cache + workingMemory * (entry.highDefinition ? 2 : 1),
  };
}

/** Published in 16 bits and run in float32, one network after the other. */
function diffusionSizes(parameters: number): ModelSizes {
  return { download: 2 * parameters, prepared: 4 * parameters, memory: 4 * parameters + workingMemory };
}

/** The four networks of a checkpoint as graphs: what is read from it, what each one computes. */
import { FailureError } from "../../shared/failure";
import type { Precision } from "../../shared/protocol";
import { Graph } from "../graph/graph";
import type { LinearFormat } from "../graph/layers";
import type { ModelConfig } from "../model/config";
import type { Encoders } from "../model/encoders";
import { clipVision } from "../networks/clip-vision";
import { convNext, joinStages } from "../networks/convnext";
import { channelsFirst } from "../networks/convnext";
import { decoder } from "../networks/decoder";
import { viewsOf, visualTokens } from "../networks/visual-tokens";
import type { Weights } from "../weights/weights";
import { networkNames, type VisionManifest } from "./prepared-model";

export interface BuildOptions {
  readonly precision: Precision;
  readonly contextLength: number;
  /** Also give the reference's intermediate values as outputs. */
  readonly intermediates: boolean;
}

/** How each network keeps its matrices; the figures behind it are in docs/performance.md. */
const formats: Readonly<Record<Precision, { decoder: LinearFormat; head: LinearFormat; encoder: LinearFormat }>> = {
  f32: { decoder: { kind: "float32" }, head: { kind: "float32" }, encoder: { kind: "float32" } },
  int8: {
    decoder: { kind: "blocks", bits: 8, blockSize: 32, symmetric: true },
    head: { kind: "blocks", bits: 8, blockSize: 32, symmetric: true },
    encoder: { kind: "int8" },
  },
  int4: {
    decoder: { kind: "blocks", bits: 4, blockSize: 64, symmetric: true },
    head: { kind: "blocks", bits: 4, blockSize: 64, symmetric: true },
    encoder: { kind: "int8" },
  },
};

/** Whether the encoders of a precision multiply integers, as only the CPU does. */
export const encodersNeedCpu = (precision: Precision): boolean => formats[precision].encoder.kind === "int8";

/** Narrower language models lose too much in large blocks, and most in the head. */
const narrow = 1024;
const narrowFourBits = {
  ...formats.int4,
  decoder: { kind: "blocks", bits: 4, blockSize: 32, symmetric: true },
  head: { kind: "blocks", bits: 8, blockSize: 32, symmetric: true },
} as const;

export function buildNetworks(
  w: Weights,
  config: ModelConfig,
  encoders: Encoders,
  options: BuildOptions,
): readonly Graph[] {
  const { lowResolution, highResolution } = encoders;
  const { precision } = options;
  const format = precision === "int4" && config.hiddenSize < narrow ? narrowFourBits : formats[precision];
  const { encoder, decoder: decoderFormat, head } = format;
  const { vision } = config;

  const low = new Graph(networkNames.lowResolution);
  const clip = clipVision(low, lowResolution.weights, lowResolution.config, {
    batch: viewsOf({ grid: vision.imageGrid, global: vision.imageGlobal }),
    selectLayer: vision.selectLayer,
    format: encoder,
  });
  low.output("lr_features", clip);

  const high = new Graph(networkNames.highResolution);
  const maps = convNext(high, highResolution.weights, highResolution.names, highResolution.config, {
    imageSize: vision.imageSizeAux,
    format: encoder,
  });
  for (const [stage, map] of maps.stages.entries()) high.output(`stage${stage}`, map);
  if (options.intermediates) {
    high.output("hr_stem", channelsFirst(high, maps.stem));
    for (const [stage, map] of maps.stages.entries()) high.output(`hr_stage${stage}`, channelsFirst(high, map));
    high.output("hr_concat", joinStages(high, maps.stages));
  }

  const mining = new Graph(networkNames.visualTokens);
  const tokensPerSide = Math.floor(lowResolution.config.imageSize / lowResolution.config.patchSize);
  checkWidths(config, encoders);
  visualTokens(
    mining,
    w.at("model"),
    {
      tokensPerSide,
      grid: vision.imageGrid,
      global: vision.imageGlobal,
      widths: { low: vision.hiddenSize, high: vision.hiddenSizeAux },
      languageWidth: config.hiddenSize,
    },
    mining.input("lr_features", "float32", clip.dims),
    maps.stages.map((map, stage) => mining.input(`stage${stage}`, "float32", map.dims)),
    { format: { kind: "float32" }, intermediates: options.intermediates },
  );

  const language = new Graph(networkNames.decoder);
  decoder(language, w, config, { format: decoderFormat, headFormat: head, contextLength: options.contextLength });
  return [low, high, mining, language];
}

/** The widths that the configuration states must be those of the encoders beside it. */
function checkWidths({ file, vision }: ModelConfig, { lowResolution, highResolution }: Encoders): void {
  const check = (field: string, expected: number, found: number): void => {
    if (expected === found) return;
    throw new FailureError({
      code: "config-invalid",
      file,
      field,
      expected: `${expected}, the encoder's width`,
      found: String(found),
    });
  };
  check("mm_hidden_size", lowResolution.config.hiddenSize, vision.hiddenSize);
  check(
    "mm_hidden_size_aux",
    highResolution.config.dims.reduce((a, b) => a + b, 0),
    vision.hiddenSizeAux,
  );
}

/** What running the vision side needs to know. */
export function visionManifest(config: ModelConfig, { lowResolution }: Encoders): VisionManifest {
  const { vision, hiddenSize } = config;
  const { imageSize, patchSize, mean, deviation } = lowResolution.config;
  return {
    tokensPerSide: Math.floor(imageSize / patchSize),
    grid: vision.imageGrid,
    global: vision.imageGlobal,
    widths: { low: vision.hiddenSize, high: vision.hiddenSizeAux },
    languageWidth: hiddenSize,
    highResolution: vision.imageSizeAux,
    lowResolution: imageSize,
    aspect: vision.aspect,
    mean,
    deviation,
  };
}

/**
 * The two image encoders of a checkpoint: found beside it or inside it, chosen by what the folders hold.
 *
 * Source: dvlab-research/MGM, mgm/model/multimodal_encoder/*.py, mgm/model/mgm_arch.py `initialize_uni_modules`.
 */
import path from "node:path";
import { FailureError } from "../../shared/failure";
import { openWeightFile } from "../weights/checkpoint";
import type { Checkpoint } from "../weights/tensor";
import { Weights } from "../weights/weights";
import type { ModelConfig, VisionConfig } from "./config";
import { findEncoderFolder, findFile, type FoundFolder, type SearchRoot } from "./encoder-folders";
import { JsonFields } from "./json-fields";

export interface ClipVisionConfig {
  readonly imageSize: number;
  readonly patchSize: number;
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly activation: "quick_gelu" | "gelu";
  readonly layerNormEps: number;
  readonly mean: readonly [number, number, number];
  readonly deviation: readonly [number, number, number];
}

export interface ConvNextConfig {
  /** Channels of each stage. */
  readonly dims: readonly number[];
  /** Blocks of each stage. */
  readonly depths: readonly number[];
}

export interface Encoders {
  readonly lowResolution: {
    readonly checkpoint: Checkpoint;
    /** At the module that holds `vision_model`. */
    readonly weights: Weights;
    readonly config: ClipVisionConfig;
  };
  readonly highResolution: {
    readonly checkpoint: Checkpoint;
    readonly weights: Weights;
    readonly names: { readonly stem: string; readonly stages: string };
    readonly config: ConvNextConfig;
  };
}

const clipMean = [0.48145466, 0.4578275, 0.40821073] as const;
const clipDeviation = [0.26862954, 0.26130258, 0.27577711] as const;

const clipConfigFile = "config.json";
const clipWeightFiles = ["model.safetensors", "pytorch_model.bin"];
const convNextWeightFiles = ["open_clip_model.safetensors", "open_clip_pytorch_model.bin"];

/**
 * @param encodersFolder searched first, two levels deep; then the checkpoint's own folder and those beside it.
 * @throws FailureError `encoder-missing` with the folders searched, `config-missing`, `config-invalid`, and what the
 *   encoders' weight files throw.
 */
export async function findEncoders(
  { vision }: ModelConfig,
  checkpoint: Checkpoint,
  modelFolder: string,
  encodersFolder: string | undefined,
): Promise<Encoders> {
  const roots = [
    ...(encodersFolder === undefined ? [] : [{ folder: encodersFolder, depth: 2 }]),
    { folder: modelFolder, depth: 1 },
    { folder: path.dirname(path.resolve(modelFolder)), depth: 1 },
  ];
  return {
    lowResolution: await lowResolution(vision, checkpoint, roots),
    highResolution: await highResolution(vision, checkpoint, roots),
  };
}

/** Which encoders' weights are in the checkpoint itself, so that the separate ones are not needed. */
export function encodersInside({ vision }: ModelConfig, checkpoint: Checkpoint): { low: boolean; high: boolean } {
  return {
    low: lowResolutionInside(checkpoint),
    high: vision.highResolutionInside && hasHighResolution(checkpoint),
  };
}

const lowResolutionInside = (checkpoint: Checkpoint): boolean =>
  checkpoint.get("model.vision_tower.vision_tower.vision_model.embeddings.class_embedding") !== undefined;

const hasHighResolution = (checkpoint: Checkpoint): boolean =>
  ["vision_stem.0.weight", "vision_stages.0.blocks.0.gamma"].every(
    (name) => checkpoint.get(`model.vision_tower_aux.${name}`) !== undefined,
  );

/** A tower trained with the checkpoint is in it, and wins over the separate one; its config is only in the folder. */
async function lowResolution(
  { lowResolutionName: name }: VisionConfig,
  checkpoint: Checkpoint,
  roots: readonly SearchRoot[],
): Promise<Encoders["lowResolution"]> {
  const found = await findEncoderFolder(name, [clipConfigFile], roots);
  if (found.folder === undefined) throw missing(name, found);
  const config = await readClipConfig(found.folder);
  if (lowResolutionInside(checkpoint)) {
    return { checkpoint, weights: new Weights(checkpoint, "model.vision_tower.vision_tower"), config };
  }
  const weightFile = await findFile(found.folder, clipWeightFiles);
  if (weightFile === undefined) throw missing(name, found);
  const separate = await openWeightFile(weightFile);
  return { checkpoint: separate, weights: new Weights(separate), config };
}

async function highResolution(
  { highResolutionName: name, highResolutionInside }: VisionConfig,
  checkpoint: Checkpoint,
  roots: readonly SearchRoot[],
): Promise<Encoders["highResolution"]> {
  if (highResolutionInside && hasHighResolution(checkpoint)) {
    const inside = new Weights(checkpoint, "model.vision_tower_aux");
    const names = { stem: "vision_stem", stages: "vision_stages" };
    const config = convNextConfig(checkpoint, "model.vision_tower_aux.vision_stages");
    return { checkpoint, weights: inside, names, config };
  }
  const found = await findEncoderFolder(name, convNextWeightFiles, roots);
  const weightFile = found.folder === undefined ? undefined : await findFile(found.folder, convNextWeightFiles);
  if (weightFile === undefined) throw missing(name, found);
  const separate = await openWeightFile(weightFile);
  const names = { stem: "stem", stages: "stages" };
  const config = convNextConfig(separate, "visual.trunk.stages");
  return { checkpoint: separate, weights: new Weights(separate, "visual.trunk"), names, config };
}

const missing = (encoder: string, { searched }: FoundFolder): FailureError =>
  new FailureError({ code: "encoder-missing", encoder, searched });

async function readClipConfig(folder: string): Promise<ClipVisionConfig> {
  const whole = await JsonFields.read(path.join(folder, clipConfigFile));
  const fields = whole.has("vision_config") ? whole.inside("vision_config") : whole;
  const preprocessor = await JsonFields.read(path.join(folder, "preprocessor_config.json"));
  const imageSize = fields.integer("image_size", { from: 8, to: 4096, fallback: 224 });
  const patchSize = fields.integer("patch_size", { from: 1, to: imageSize, fallback: 32 });
  const hiddenSize = fields.integer("hidden_size", { from: 1, to: 1 << 14, fallback: 768 });
  const heads = fields.integer("num_attention_heads", { from: 1, to: 256, fallback: 12 });
  if (hiddenSize % heads !== 0) fields.refuse("num_attention_heads", `a divisor of ${hiddenSize}`);
  const activation = fields.text("hidden_act", "quick_gelu");
  return {
    imageSize,
    patchSize,
    hiddenSize,
    intermediateSize: fields.integer("intermediate_size", { from: 1, to: 1 << 16, fallback: 3072 }),
    layers: fields.integer("num_hidden_layers", { from: 1, to: 256, fallback: 12 }),
    heads,
    activation:
      activation === "quick_gelu" || activation === "gelu"
        ? activation
        : fields.refuse("hidden_act", "quick_gelu or gelu"),
    layerNormEps: fields.number("layer_norm_eps", { from: 0, to: 1, fallback: 1e-5 }),
    mean: preprocessor.triple("image_mean", clipMean),
    deviation: preprocessor.triple("image_std", clipDeviation),
  };
}

/** Depths and widths are those of the tensors: the folder's configuration only names an architecture. */
function convNextConfig(checkpoint: Checkpoint, stages: string): ConvNextConfig {
  const depths: number[] = [];
  const dims: number[] = [];
  for (let stage = 0; stage < 4; stage++) {
    let depth = 0;
    while (checkpoint.get(`${stages}.${stage}.blocks.${depth}.gamma`) !== undefined) depth++;
    const tensor = `${stages}.${stage}.blocks.0.gamma`;
    const width = checkpoint.get(tensor)?.dims[0];
    if (width === undefined) throw new FailureError({ code: "weight-missing", tensor, file: checkpoint.location });
    depths.push(depth);
    dims.push(width);
  }
  return { depths, dims };
}

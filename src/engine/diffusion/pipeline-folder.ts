/**
 * A folder in diffusers' layout: which pipeline it is, the configurations of its networks, its weights.
 *
 * Everything is read and checked here, before anything is drawn: model_index.json, every config.json, and that each
 * tensor of each network is there in the right shape with none left over.
 *
 * Source: huggingface/diffusers, pipelines/pipeline_utils.py (`DiffusionPipeline.from_pretrained`).
 */
import { stat } from "node:fs/promises";
import path from "node:path";
import { FailureError } from "../../shared/failure";
import { Graph } from "../graph/graph";
import { type AutoencoderConfig, readAutoencoderConfig } from "../model/autoencoder-config";
import { type ClipTextConfig, readClipTextConfig } from "../model/clip-text-config";
import { JsonFields } from "../model/json-fields";
import { readUnetConfig, type UnetConfig } from "../model/unet-config";
import { clipText } from "../networks/clip-text";
import { unet } from "../networks/unet";
import { type ClipTokenizer, loadClipTokenizer } from "../text/clip-tokenizer";
import { openNetworkWeights } from "../weights/checkpoint";
import { Weights } from "../weights/weights";
import { decoderGraph, encoderGraph } from "./autoencoder";

export interface TextEncoder {
  /** "text_encoder" or "text_encoder_2". */
  readonly name: string;
  readonly config: ClipTextConfig;
  readonly weights: Weights;
  readonly tokenizer: ClipTokenizer;
  /** Length of every encoded prompt, in tokens. */
  readonly tokens: number;
}

export interface PipelineFolder {
  readonly folder: string;
  readonly name: string;
  /** `sdxl` joins two text encoders and is told the picture's size. */
  readonly kind: "sd" | "sdxl";
  /** True for the illustrator that ships with the extension (`mini_gemini_illustrator`). */
  readonly embedded: boolean;
  /** SDXL: a negative prompt that is not given is zeros, not the empty text. */
  readonly zeroNegative: boolean;
  readonly unet: { readonly config: UnetConfig; readonly weights: Weights };
  readonly autoencoder: { readonly config: AutoencoderConfig; readonly weights: Weights };
  readonly textEncoders: readonly TextEncoder[];
  readonly schedulerFolder: string;
  /** What the model's makers state; undefined where the published folder does not say. */
  readonly stated: { readonly steps: number | undefined; readonly guidance: number | undefined };
}

const pipelines: ReadonlyMap<string, PipelineFolder["kind"]> = new Map([
  ["StableDiffusionPipeline", "sd"],
  ["StableDiffusionImg2ImgPipeline", "sd"],
  ["LatentConsistencyModelPipeline", "sd"],
  ["LatentConsistencyModelImg2ImgPipeline", "sd"],
  ["StableDiffusionXLPipeline", "sdxl"],
  ["StableDiffusionXLImg2ImgPipeline", "sdxl"],
]);

/** Tensors that published files hold and no network uses: numbers 0, 1, 2, …, and CLIP's own scale. */
const unusedTensors = [/(^|\.)position_ids$/, /^logit_scale$/];
const networkStems = ["diffusion_pytorch_model"];
const textStems = ["model", "pytorch_model"];

/**
 * @throws FailureError `model-folder-missing`, `pipeline-unknown`, those of configurations (`config-…`), of weights
 *   (`weight-…`, `weights-header`), of tokenizers (`tokenizer-…`), of files (`file-…`).
 */
export async function openPipelineFolder(folder: string): Promise<PipelineFolder> {
  if ((await stat(folder).catch(() => undefined))?.isDirectory() !== true) {
    throw new FailureError({ code: "model-folder-missing", folder });
  }
  const index = await JsonFields.read(path.join(folder, "model_index.json"));
  const className = index.text("_class_name", "");
  const kind = pipelines.get(className);
  if (kind === undefined) throw new FailureError({ code: "pipeline-unknown", file: index.file, found: className });

  const at = (name: string): string => path.join(folder, name);
  const unetConfig = await readUnetConfig(at("unet"));
  const autoencoderConfig = await readAutoencoderConfig(at("vae"));
  const names = kind === "sdxl" ? ["text_encoder", "text_encoder_2"] : ["text_encoder"];
  const textEncoders: TextEncoder[] = [];
  for (const name of names) textEncoders.push(await openTextEncoder(index, folder, name));
  const opened: PipelineFolder = {
    folder,
    name: path.basename(path.resolve(folder)),
    kind,
    embedded: index.boolean("mini_gemini_illustrator", false),
    zeroNegative: kind === "sdxl" && index.boolean("force_zeros_for_empty_prompt", true),
    unet: { config: unetConfig, weights: new Weights(await openNetworkWeights(at("unet"), networkStems)) },
    autoencoder: { config: autoencoderConfig, weights: new Weights(await openNetworkWeights(at("vae"), networkStems)) },
    textEncoders,
    schedulerFolder: at("scheduler"),
    stated: {
      steps: index.has("mini_gemini_steps") ? index.integer("mini_gemini_steps", { from: 1, to: 150 }) : undefined,
      guidance: index.has("mini_gemini_guidance")
        ? index.number("mini_gemini_guidance", { from: 0, to: 30 })
        : undefined,
    },
  };
  checkNetworks(opened);
  return opened;
}

async function openTextEncoder(index: JsonFields, folder: string, name: string): Promise<TextEncoder> {
  if (index.isNull(name) || index.texts(name).length === 0) {
    throw new FailureError({ code: "pipeline-unknown", file: index.file, found: `no ${name}` });
  }
  const config = await readClipTextConfig(path.join(folder, name));
  const tokenizerFolder = path.join(folder, name.replace("text_encoder", "tokenizer"));
  const tokenizer = await loadClipTokenizer(tokenizerFolder);
  if (tokenizer.vocabularySize > config.vocabularySize) {
    const { vocabularySize: vocabulary } = tokenizer;
    throw new FailureError({
      code: "tokenizer-mismatch",
      file: tokenizerFolder,
      vocabulary,
      embeddings: config.vocabularySize,
    });
  }
  const weights = new Weights(await openNetworkWeights(path.join(folder, name), textStems));
  return { name, config, weights, tokenizer, tokens: Math.min(tokenizer.maxLength, config.maxPositions) };
}

/** Builds every network once, at a small size: building states every tensor's shape, and reads none. */
function checkNetworks({ kind, unet: { config, weights }, autoencoder, textEncoders }: PipelineFolder): void {
  const inPlace = { weightsInPlace: true };
  const [first] = textEncoders;
  const tokens = first?.tokens ?? 0;
  const width = textEncoders.reduce((sum, { config: text }) => sum + text.hiddenSize, 0);
  const refuse = (file: string, field: string, expected: number, found: number): void => {
    if (expected === found) return;
    throw new FailureError({ code: "config-invalid", file, field, expected: String(expected), found: String(found) });
  };
  refuse(config.file, "cross_attention_dim", width, config.crossAttentionWidth);
  refuse(config.file, "in_channels", autoencoder.config.latentChannels, config.inChannels);
  refuse(config.file, "out_channels", config.inChannels, config.outChannels);
  for (const encoder of textEncoders) refuse(encoder.config.file, "max_position_embeddings", tokens, encoder.tokens);
  if ((kind === "sdxl") !== (config.textTime !== undefined)) {
    const found = config.textTime === undefined ? "null" : "text_time";
    throw new FailureError({
      code: "config-invalid",
      file: config.file,
      field: "addition_embed_type",
      expected: kind === "sdxl" ? "text_time" : "null",
      found,
    });
  }
  if (config.textTime !== undefined) {
    const pooled = textEncoders.at(-1)?.config.projectionWidth ?? 0;
    const expected = pooled + 6 * config.textTime.timeWidth;
    refuse(config.file, "projection_class_embeddings_input_dim", expected, config.textTime.inputWidth);
  }

  const least = 2 ** config.channels.length;
  unet(new Graph("unet", inPlace), weights, config, { batch: 1, height: least, width: least, tokens });
  refuseUnused(config.file, weights);
  encoderGraph(autoencoder, { height: 1, width: 1 });
  decoderGraph(autoencoder, { height: 1, width: 1 });
  refuseUnused(autoencoder.config.file, autoencoder.weights);
  for (const encoder of textEncoders) {
    clipText(new Graph(encoder.name, inPlace), encoder.weights, encoder.config, tokens);
    refuseUnused(encoder.config.file, encoder.weights);
  }
}

function refuseUnused(config: string, weights: Weights): void {
  const unused = weights.untaken().filter((name) => !unusedTensors.some((pattern) => pattern.test(name)));
  const [tensor] = unused;
  if (tensor === undefined) return;
  throw new FailureError({ code: "weight-unused", tensor, file: path.dirname(config), count: unused.length });
}

/**
 * Which files of a repository a model needs. Everything else stays where it is: other frameworks' weights, pickles
 * where safetensors exist, and code of any kind.
 */
import { FailureError } from "../../shared/failure";
import type { HubFile } from "./hub";

const checkpointTexts = new Set([
  "config.json",
  "generation_config.json",
  "tokenizer.json",
  "tokenizer.model",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "added_tokens.json",
]);

const clipTexts = new Set(["config.json", "preprocessor_config.json"]);
const convNextTexts = new Set(["open_clip_config.json"]);

/** Best first: weights as one file or as shards under an index. */
const checkpointWeights = [
  { whole: /^model\.safetensors$/, shards: /^model-\d+-of-\d+\.safetensors$/, index: "model.safetensors.index.json" },
  { whole: /^pytorch_model\.bin$/, shards: /^pytorch_model-\d+-of-\d+\.bin$/, index: "pytorch_model.bin.index.json" },
];

export interface Selection {
  /** Configurations, tokenizers, indices: small. */
  readonly texts: readonly HubFile[];
  readonly weights: readonly HubFile[];
}

/** @throws FailureError `hub-missing` where there are no weights or no config.json. */
export function selectCheckpoint(repository: string, host: string, files: readonly HubFile[]): Selection {
  const texts = pick(files, checkpointTexts);
  if (!texts.some(({ path }) => path === "config.json")) throw lacks(repository, host, "config.json");
  for (const { whole, shards, index } of checkpointWeights) {
    const single = files.filter(({ path }) => whole.test(path));
    if (single.length > 0) return { texts, weights: single };
    const indexFile = files.filter(({ path }) => path === index);
    const weights = files.filter(({ path }) => shards.test(path));
    if (indexFile.length > 0 && weights.length > 0) return { texts: [...texts, ...indexFile], weights };
  }
  throw lacks(repository, host, "model.safetensors.index.json");
}

/** @throws FailureError `hub-missing`. */
export function selectLowResolutionEncoder(repository: string, host: string, files: readonly HubFile[]): Selection {
  return selectEncoder(repository, host, files, clipTexts, ["model.safetensors", "pytorch_model.bin"]);
}

/** @throws FailureError `hub-missing`. */
export function selectHighResolutionEncoder(repository: string, host: string, files: readonly HubFile[]): Selection {
  const weights = ["open_clip_model.safetensors", "open_clip_pytorch_model.bin"];
  return selectEncoder(repository, host, files, convNextTexts, weights);
}

function selectEncoder(
  repository: string,
  host: string,
  files: readonly HubFile[],
  texts: ReadonlySet<string>,
  weights: readonly string[],
): Selection {
  const name = weights.find((wanted) => files.some(({ path }) => path === wanted));
  if (name === undefined) throw lacks(repository, host, weights[0] ?? "");
  return { texts: pick(files, texts), weights: files.filter(({ path }) => path === name) };
}

/** Folders of a diffusers pipeline that hold what drawing needs; the safety checker and its like are not used. */
const diffusersFolders = ["unet", "vae", "text_encoder", "text_encoder_2", "tokenizer", "tokenizer_2", "scheduler"];
const diffusersText = /^[\w.-]+\.(json|txt)$/;

/**
 * @param variants suffixes of the weight files to prefer, best first; each folder takes the first that it has.
 * @throws FailureError `hub-missing`.
 */
export function selectDiffusers(
  repository: string,
  host: string,
  files: readonly HubFile[],
  variants: readonly string[],
): Selection {
  const texts = files.filter(({ path }) => path === "model_index.json");
  if (texts.length === 0) throw lacks(repository, host, "model_index.json");
  const weights: HubFile[] = [];
  for (const folder of diffusersFolders) {
    const inside = files.filter(({ path }) => path.startsWith(`${folder}/`) && path.split("/").length === 2);
    const named = (file: HubFile): string => file.path.slice(folder.length + 1);
    const safe = inside.filter((file) => /^(diffusion_pytorch_)?model(\.\w+)?\.safetensors$/.test(named(file)));
    const chosen = variants.flatMap((variant) =>
      safe.filter((file) => /^(?:diffusion_pytorch_)?model(.*)\.safetensors$/.exec(named(file))?.[1] === variant),
    )[0];
    if (chosen !== undefined) weights.push(chosen);
    else if (/^(unet|vae|text_encoder)/.test(folder) && inside.length > 0) {
      throw lacks(repository, host, `${folder}/*.safetensors`);
    }
    texts.push(...inside.filter((file) => diffusersText.test(named(file)) && !/index\.json$/.test(named(file))));
  }
  if (weights.length === 0) throw lacks(repository, host, "unet/diffusion_pytorch_model.safetensors");
  return { texts, weights };
}

const pick = (files: readonly HubFile[], names: ReadonlySet<string>): HubFile[] =>
  files.filter(({ path }) => names.has(path));

const lacks = (repository: string, host: string, file: string): FailureError =>
  new FailureError({ code: "hub-missing", host, file: `${repository}/${file}` });

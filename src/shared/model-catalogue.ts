/**
 * The models that can be fetched: where they are published, at which revision, under which licence, and their shapes.
 *
 * Sources: dvlab-research/MGM, README (repositories, base models, resolutions); the config.json of each base language
 * model (shapes); the model cards (licences). A revision is the commit whose files are fetched. It is null where no
 * public material names one: the commit that `main` stands for at the first download is recorded then, and kept.
 */

/** Sizes of a decoder, by the names of config.json. */
export interface DecoderShape {
  readonly family: "llama" | "gemma" | "mixtral";
  readonly hidden: number;
  readonly intermediate: number;
  readonly layers: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headSize: number;
  readonly vocabulary: number;
  /** Experts of each layer; 1 where there is no mixture. */
  readonly experts: number;
  /** Experts that a token goes through. */
  readonly expertsPerToken: number;
}

export interface Licence {
  /** SPDX identifier, or the licence's own name. */
  readonly name: string;
  readonly address: string;
}

interface Published {
  /** Also the name of its folder. */
  readonly id: string;
  /** `owner/name` on the hub. */
  readonly repository: string;
  /** A commit (40 hex digits), or null as told above. */
  readonly revision: string | null;
  readonly licence: Licence;
}

export interface VisionLanguageEntry extends Published {
  readonly kind: "vision-language";
  /** The published language model inside. */
  readonly base: string;
  readonly decoder: DecoderShape;
  readonly highDefinition: boolean;
}

export interface DiffusionEntry extends Published {
  readonly kind: "diffusion";
  /** Parameters of all networks together. */
  readonly parameters: number;
  /** Suffix of the weight files to prefer ("" for none), best first: `unet/diffusion_pytorch_model.fp16.safetensors`. */
  readonly variants: readonly string[];
}

export interface EncoderEntry extends Published {
  readonly kind: "encoder";
  readonly bytes: number;
}

export type CatalogueEntry = VisionLanguageEntry | DiffusionEntry;

const gemmaTerms = { name: "Gemma Terms of Use", address: "https://ai.google.dev/gemma/terms" };
const llama2 = { name: "Llama 2 Community License", address: "https://ai.meta.com/llama/license/" };
const llama3 = { name: "Meta Llama 3 Community License", address: "https://llama.meta.com/llama3/license/" };
const apache = { name: "Apache-2.0", address: "https://www.apache.org/licenses/LICENSE-2.0" };
const mit = { name: "MIT", address: "https://opensource.org/license/mit" };
const openRail = {
  name: "CreativeML Open RAIL++-M",
  address: "https://huggingface.co/stabilityai/stable-diffusion-xl-base-1.0/blob/main/LICENSE.md",
};
const openRailM = {
  name: "CreativeML Open RAIL-M",
  address: "https://huggingface.co/spaces/CompVis/stable-diffusion-license",
};
const stabilityCommunity = {
  name: "Stability AI Community License",
  address: "https://stability.ai/community-license-agreement",
};

const noExperts = { experts: 1, expertsPerToken: 1 };

const gemma2B: DecoderShape = {
  family: "gemma",
  ...{ hidden: 2048, intermediate: 16_384, layers: 18, heads: 8, keyValueHeads: 1, headSize: 256 },
  vocabulary: 256_000,
  ...noExperts,
};
const vicuna7B: DecoderShape = {
  family: "llama",
  ...{ hidden: 4096, intermediate: 11_008, layers: 32, heads: 32, keyValueHeads: 32, headSize: 128 },
  vocabulary: 32_000,
  ...noExperts,
};
const vicuna13B: DecoderShape = {
  family: "llama",
  ...{ hidden: 5120, intermediate: 13_824, layers: 40, heads: 40, keyValueHeads: 40, headSize: 128 },
  vocabulary: 32_000,
  ...noExperts,
};
const llama8B: DecoderShape = {
  family: "llama",
  ...{ hidden: 4096, intermediate: 14_336, layers: 32, heads: 32, keyValueHeads: 8, headSize: 128 },
  vocabulary: 128_256,
  ...noExperts,
};
const yi34B: DecoderShape = {
  family: "llama",
  ...{ hidden: 7168, intermediate: 20_480, layers: 60, heads: 56, keyValueHeads: 8, headSize: 128 },
  vocabulary: 64_000,
  ...noExperts,
};
const mixtral8x7B: DecoderShape = {
  family: "mixtral",
  ...{ hidden: 4096, intermediate: 14_336, layers: 32, heads: 32, keyValueHeads: 8, headSize: 128 },
  vocabulary: 32_000,
  ...{ experts: 8, expertsPerToken: 2 },
};

/**
 * Commits whose files are those of `main`: read off the hub's own pages of files and commits, as public archives keep
 * them. That of MGM-34B-HD is one before a change of its README; of MGM-7B no page with the whole hash was found.
 */
const revisions: Readonly<Record<string, string>> = {
  "MGM-2B": "a14155df56810b5b5b045cb999c898dc313ee8e3",
  "MGM-7B-HD": "f6fd7a97695592423247768ce9551763a12ac899",
  "MGM-8B": "3a567d486b2b5c425a79ef28ff78748cd179d2aa",
  "MGM-8B-HD": "873997ca372483880f5dbb53557b845fd2ac701b",
  "MGM-13B": "cc72d3ec280752e78eeeb3949ead4eea2799d5f0",
  "MGM-13B-HD": "bbc9f73434ebaa22ae91ccb157f9e973679934d6",
  "MGM-34B": "0dc077700c6ca9286364010b78b6daf3cf2aacd9",
  "MGM-34B-HD": "d4f5eeb48d266804fdff5f7dbd23df538cc0a69e",
  "MGM-8x7B": "c2ba70fd7c1d3a0342373c96486965e5a43115a2",
  "MGM-8x7B-HD": "010748619f8011575be45973f3efae6e8542e0d8",
};

function family(size: string, base: string, decoder: DecoderShape, licence: Licence): readonly VisionLanguageEntry[] {
  const entry = (id: string, highDefinition: boolean): VisionLanguageEntry => {
    const published = { id, repository: `YanweiLi/${id}`, revision: revisions[id] ?? null, licence };
    return { kind: "vision-language", ...published, base, decoder, highDefinition };
  };
  const plain = entry(`MGM-${size}`, false);
  // The 2B was published without a high-definition form.
  return size === "2B" ? [plain] : [plain, entry(`MGM-${size}-HD`, true)];
}

/** Smallest first. */
export const visionLanguageModels: readonly VisionLanguageEntry[] = [
  ...family("2B", "Gemma-2B-it", gemma2B, gemmaTerms),
  ...family("7B", "Vicuna-7B-v1.5", vicuna7B, llama2),
  ...family("8B", "Llama-3-8B-Instruct", llama8B, llama3),
  ...family("13B", "Vicuna-13B-v1.5", vicuna13B, llama2),
  ...family("34B", "Nous-Hermes-2-Yi-34B", yi34B, apache),
  ...family("8x7B", "Mixtral-8x7B-Instruct-v0.1", mixtral8x7B, apache),
];

/** What the Models view offers to draw with, in the layout of diffusers. */
export const diffusionModels: readonly DiffusionEntry[] = [
  {
    kind: "diffusion",
    id: "sd-turbo",
    repository: "stabilityai/sd-turbo",
    revision: "b261bac6fd2cf515557d5d0707481eafa0485ec2",
    licence: stabilityCommunity,
    parameters: 1.29e9,
    variants: [".fp16", ""],
  },
  {
    kind: "diffusion",
    id: "LCM_Dreamshaper_v7",
    repository: "SimianLuo/LCM_Dreamshaper_v7",
    revision: "a85df6a8bd976cdd08b4fd8f3b73f229c9e54df5",
    licence: mit,
    parameters: 1.07e9,
    variants: [".fp16", ""],
  },
  {
    kind: "diffusion",
    id: "stable-diffusion-v1-5",
    repository: "stable-diffusion-v1-5/stable-diffusion-v1-5",
    revision: "451f4fe16113bff5a5d2269ed5ad43b0592e9a14",
    licence: openRailM,
    parameters: 1.07e9,
    variants: [".fp16", ""],
  },
  {
    kind: "diffusion",
    id: "sdxl-turbo",
    repository: "stabilityai/sdxl-turbo",
    revision: "71153311d3dbb46851df1931d3ca6e939de83304",
    licence: stabilityCommunity,
    parameters: 3.47e9,
    variants: [".fp16", ""],
  },
  {
    kind: "diffusion",
    id: "stable-diffusion-xl-base-1.0",
    repository: "stabilityai/stable-diffusion-xl-base-1.0",
    revision: "462165984030d82259a11f4367a4eed129e94a7b",
    licence: openRail,
    parameters: 3.47e9,
    variants: [".fp16", ""],
  },
];

/** Published apart from the checkpoints that need them; their folders lie beside those of the models. */
export const encoders = {
  lowResolution: {
    kind: "encoder",
    id: "clip-vit-large-patch14-336",
    repository: "openai/clip-vit-large-patch14-336",
    revision: "ce19dc912ca5cd21c8a653c79e251e808ccabcd1",
    licence: mit,
    bytes: 1.71e9,
  },
  highResolution: {
    kind: "encoder",
    id: "CLIP-convnext_large_d_320.laion2B-s29B-b131K-ft-soup",
    repository: "laion/CLIP-convnext_large_d_320.laion2B-s29B-b131K-ft-soup",
    revision: "654d0f80ff73c58e7281a3ca7dc425589049e2e1",
    licence: mit,
    bytes: 1.41e9,
  },
} as const satisfies Record<"lowResolution" | "highResolution", EncoderEntry>;

export const catalogue: readonly CatalogueEntry[] = [...visionLanguageModels, ...diffusionModels];

export const catalogueEntry = (id: string): CatalogueEntry | undefined => catalogue.find((entry) => entry.id === id);

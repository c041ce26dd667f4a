/** A diffusers folder of SD-Turbo's shape with random weights, for timing: this engine and diffusers both load it. */
import { cp, mkdir, open, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { Graph } from "../../src/engine/graph/graph";
import { readAutoencoderConfig } from "../../src/engine/model/autoencoder-config";
import { readClipTextConfig } from "../../src/engine/model/clip-text-config";
import { readUnetConfig } from "../../src/engine/model/unet-config";
import { decodeKl, encodeKl } from "../../src/engine/networks/autoencoder-kl";
import { clipText } from "../../src/engine/networks/clip-text";
import { unet } from "../../src/engine/networks/unet";
import type { StoredTensor } from "../../src/engine/weights/tensor";
import type { Weights } from "../../src/engine/weights/weights";

/** Stands for a checkpoint that has every tensor asked for, and keeps what was asked for. */
class RecordingWeights {
  readonly asked: Map<string, readonly number[]>;
  readonly #prefix: string;

  constructor(prefix = "", asked = new Map<string, readonly number[]>()) {
    this.#prefix = prefix;
    this.asked = asked;
  }

  at(name: string | number): RecordingWeights {
    return new RecordingWeights(`${this.#prefix}${name}.`, this.asked);
  }

  has(): boolean {
    return false;
  }

  shape(): undefined {
    return undefined;
  }

  tensor(name: string, dims: readonly number[]): StoredTensor {
    this.asked.set(this.#prefix + name, dims);
    return { name: this.#prefix + name, file: "", offset: 0, byteLength: 0, type: "float32", dims };
  }

  get weights(): Weights {
    return this as unknown as Weights;
  }
}

const chunk = 1 << 20;

/** @param type F16 as most published files are, or F32. */
async function writeRandom(file: string, asked: ReadonlyMap<string, readonly number[]>, type: "F16" | "F32") {
  const bytes = type === "F16" ? 2 : 4;
  const header: Record<string, object> = { __metadata__: { format: "pt" } };
  let end = 0;
  for (const [name, shape] of asked) {
    const length = shape.reduce((a, b) => a * b, 1) * bytes;
    header[name] = { dtype: type, shape, data_offsets: [end, end + length] };
    end += length;
  }
  const text = Buffer.from(JSON.stringify(header));
  const padded = Buffer.alloc(Math.ceil(text.length / 8) * 8, " ");
  text.copy(padded);
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(padded.length));
  const output = await open(file, "w");
  await output.write(size);
  await output.write(padded);
  for (const [name, shape] of asked) {
    const count = shape.reduce((a, b) => a * b, 1);
    const isNorm = shape.length === 1 && name.endsWith("weight");
    const scale = isNorm ? 0.1 : 1 / Math.sqrt(count / (shape[0] ?? 1));
    const values = Float32Array.from(
      { length: Math.min(count, chunk) },
      () => (Math.random() - 0.5) * scale + (isNorm ? 1 : 0),
    );
    const block = type === "F32" ? Buffer.from(values.buffer) : halves(values);
    for (let done = 0; done < count * bytes; done += block.length) {
      await output.write(block, 0, Math.min(block.length, count * bytes - done));
    }
  }
  await output.close();
}

/** float32 to float16, rounded towards zero. */
function halves(values: Float32Array): Buffer {
  const words = new Uint32Array(values.buffer);
  const result = new Uint16Array(values.length);
  for (const [i, word] of words.entries()) {
    const exponent = ((word >>> 23) & 0xff) - 112;
    if (exponent > 0) result[i] = ((word >>> 16) & 0x8000) | (exponent << 10) | ((word >>> 13) & 0x3ff);
  }
  return Buffer.from(result.buffer);
}

const configs = {
  unet: {
    _class_name: "UNet2DConditionModel",
    act_fn: "silu",
    attention_head_dim: [5, 10, 20, 20],
    block_out_channels: [320, 640, 1280, 1280],
    cross_attention_dim: 1024,
    down_block_types: ["CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"],
    up_block_types: ["UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"],
    in_channels: 4,
    out_channels: 4,
    layers_per_block: 2,
    norm_num_groups: 32,
    sample_size: 64,
    use_linear_projection: true,
  },
  vae: {
    _class_name: "AutoencoderKL",
    act_fn: "silu",
    block_out_channels: [128, 256, 512, 512],
    down_block_types: ["DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D"],
    up_block_types: ["UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D"],
    in_channels: 3,
    out_channels: 3,
    latent_channels: 4,
    layers_per_block: 2,
    norm_num_groups: 32,
    sample_size: 512,
    scaling_factor: 0.18215,
  },
  text_encoder: {
    architectures: ["CLIPTextModel"],
    model_type: "clip_text_model",
    hidden_act: "gelu",
    hidden_size: 1024,
    intermediate_size: 4096,
    max_position_embeddings: 77,
    num_attention_heads: 16,
    num_hidden_layers: 23,
    projection_dim: 512,
    vocab_size: 49408,
    eos_token_id: 49407,
    bos_token_id: 49406,
    pad_token_id: 1,
    layer_norm_eps: 1e-5,
  },
  scheduler: {
    _class_name: "EulerDiscreteScheduler",
    beta_start: 0.00085,
    beta_end: 0.012,
    beta_schedule: "scaled_linear",
    num_train_timesteps: 1000,
    prediction_type: "epsilon",
    steps_offset: 1,
    timestep_spacing: "trailing",
  },
};

const index = {
  _class_name: "StableDiffusionPipeline",
  feature_extractor: [null, null],
  requires_safety_checker: false,
  safety_checker: [null, null],
  scheduler: ["diffusers", "EulerDiscreteScheduler"],
  text_encoder: ["transformers", "CLIPTextModel"],
  tokenizer: ["transformers", "CLIPTokenizer"],
  unet: ["diffusers", "UNet2DConditionModel"],
  vae: ["diffusers", "AutoencoderKL"],
};

/** A vocabulary that is there: which words it knows makes no difference to the time. */
async function writeTokenizer(folder: string): Promise<void> {
  const shipped = path.join(import.meta.dirname, "..", "..", "media", "illustrator", "tokenizer");
  await cp(shipped, folder, { recursive: true });
  const file = "tokenizer_config.json";
  const config = JSON.parse(await readFile(path.join(shipped, file), "utf8")) as object;
  const length = configs.text_encoder.max_position_embeddings;
  await writeFile(path.join(folder, file), JSON.stringify({ ...config, model_max_length: length }));
}

export async function writeRandomPipeline(folder: string, type: "F16" | "F32"): Promise<void> {
  for (const [name, config] of Object.entries(configs)) {
    await mkdir(path.join(folder, name), { recursive: true });
    const file = name === "scheduler" ? "scheduler_config.json" : "config.json";
    await writeFile(path.join(folder, name, file), JSON.stringify(config, undefined, 1));
  }
  await writeFile(path.join(folder, "model_index.json"), JSON.stringify(index, undefined, 1));
  await writeTokenizer(path.join(folder, "tokenizer"));
  const inside = (name: string, file = ""): string => path.join(folder, name, file);
  const graph = (): Graph => new Graph("recorded", { weightsInPlace: true });

  const network = new RecordingWeights();
  unet(graph(), network.weights, await readUnetConfig(inside("unet")), { batch: 1, height: 64, width: 64, tokens: 77 });
  await writeRandom(inside("unet", "diffusion_pytorch_model.safetensors"), network.asked, type);

  const autoencoder = new RecordingWeights();
  const config = await readAutoencoderConfig(inside("vae"));
  if (config.kind !== "kl") throw new TypeError("the autoencoder is of another kind");
  const g = graph();
  encodeKl(g, autoencoder.weights, config, g.input("image", "float32", [1, 3, 512, 512]));
  decodeKl(g, autoencoder.weights, config, g.input("latents", "float32", [1, 4, 64, 64]));
  await writeRandom(inside("vae", "diffusion_pytorch_model.safetensors"), autoencoder.asked, type);

  const text = new RecordingWeights();
  clipText(graph(), text.weights, await readClipTextConfig(inside("text_encoder")), 77);
  await writeRandom(inside("text_encoder", "model.safetensors"), text.asked, type);
}

if (process.argv[1]?.endsWith("random-pipeline.ts") === true) {
  const [, , folder, type] = process.argv;
  if (folder === undefined) throw new TypeError("usage: random-pipeline.ts FOLDER [F16|F32]");
  void writeRandomPipeline(folder, type === "F32" ? "F32" : "F16");
}

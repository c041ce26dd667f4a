/** The autoencoder of a pipeline, whichever kind it is: pictures in −1…1 to the UNet's latents and back. */
import type { Tensor } from "onnxruntime-node";
import { Graph } from "../graph/graph";
import type { AutoencoderConfig } from "../model/autoencoder-config";
import { decodeKl, encodeKl } from "../networks/autoencoder-kl";
import { decodeTiny, encodeTiny } from "../networks/autoencoder-tiny";
import { floats, type Network } from "../runtime/network";
import { onnxruntime } from "../runtime/onnxruntime";
import type { Weights } from "../weights/weights";

export interface AutoencoderParts {
  readonly config: AutoencoderConfig;
  readonly weights: Weights;
}

/** Height and width of latents. */
export interface LatentSize {
  readonly height: number;
  readonly width: number;
}

export function encoderGraph({ config, weights }: AutoencoderParts, { height, width }: LatentSize): Graph {
  const g = new Graph("vae-encoder", { weightsInPlace: true });
  const image = g.input("image", "float32", [1, 3, height * config.scale, width * config.scale]);
  if (config.kind === "tiny") {
    g.output("mean", encodeTiny(g, weights, config, image));
    return g;
  }
  g.output("mean", encodeKl(g, weights, config, image).mean);
  return g;
}

export function decoderGraph({ config, weights }: AutoencoderParts, { height, width }: LatentSize): Graph {
  const g = new Graph("vae-decoder", { weightsInPlace: true });
  const latents = g.input("latents", "float32", [1, config.latentChannels, height, width]);
  g.output(
    "image",
    config.kind === "tiny" ? decodeTiny(g, weights, config, latents) : decodeKl(g, weights, config, latents),
  );
  return g;
}

/**
 * An AutoencoderKL gives a distribution; its middle is taken, as diffusers does with `sample_mode="argmax"`. Its spread
 * is far below what the noise of the first step adds.
 *
 * @param image [3, H, W] in −1…1
 * @returns latents as the UNet has them
 */
export async function encodeImage(
  network: Network,
  config: AutoencoderConfig,
  image: Float32Array,
  size: LatentSize,
): Promise<Float32Array> {
  const dims = [1, 3, size.height * config.scale, size.width * config.scale];
  const mean = floats(await network.run({ image: await tensor(image, dims) }), "mean");
  return mean.map((value) => (value - config.shiftFactor) * config.scalingFactor);
}

/** @param latents as the UNet has them @returns [3, H, W], about −1…1 */
export async function decodeLatents(
  network: Network,
  config: AutoencoderConfig,
  latents: Float32Array,
  { height, width }: LatentSize,
): Promise<Float32Array> {
  const unscaled = latents.map((value) => value / config.scalingFactor + config.shiftFactor);
  return floats(
    await network.run({ latents: await tensor(unscaled, [1, config.latentChannels, height, width]) }),
    "image",
  );
}

async function tensor(data: Float32Array, dims: readonly number[]): Promise<Tensor> {
  const runtime = await onnxruntime();
  return new runtime.Tensor("float32", data, dims);
}

/** [3, H, W] in −1…1 to 8-bit RGB, row by row, rounded as numpy does. */
export function toRgb(image: Float32Array): Uint8Array {
  const plane = image.length / 3;
  const rgb = new Uint8ClampedArray(image.length);
  for (let channel = 0; channel < 3; channel++) {
    // A clamped array rounds halves to even, as numpy does.
    for (let i = 0; i < plane; i++) rgb[3 * i + channel] = ((image[channel * plane + i] ?? 0) / 2 + 0.5) * 255;
  }
  return new Uint8Array(rgb.buffer);
}

/** 8-bit RGB, row by row, to [3, H, W] in −1…1. */
export function fromRgb(rgb: Uint8Array): Float32Array {
  const plane = rgb.length / 3;
  const image = new Float32Array(rgb.length);
  for (let channel = 0; channel < 3; channel++) {
    for (let i = 0; i < plane; i++) image[channel * plane + i] = 2 * Math.fround((rgb[3 * i + channel] ?? 0) / 255) - 1;
  }
  return image;
}

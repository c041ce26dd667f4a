/**
 * A small and quick autoencoder for the same latents: diffusers' AutoencoderTiny (TAESD).
 *
 * Source: madebyollin/taesd. Reference: huggingface/diffusers, models/autoencoders/autoencoder_tiny.py, vae.py
 * (`EncoderTiny`, `DecoderTiny`), models/unets/unet_2d_blocks.py (`AutoencoderTinyBlock`).
 *
 *   encode: image [1, 3, H, W] in −1…1 → latents [1, Z, H/8, W/8];  decode: the other way round
 */
import type { Graph, Value } from "../graph/graph";
import { convolution } from "../graph/layers";
import { add, at, div, mul, size, sub } from "../graph/ops";
import type { AutoencoderTinyConfig } from "../model/autoencoder-config";
import type { Weights } from "../weights/weights";
import { enlarge } from "./diffusion-blocks";

/** Latents are kept softly within ± this. */
const latentLimit = 3;

const relu = (g: Graph, x: Value): Value => g.node("Relu", [x], x.dims);
const tanh = (g: Graph, x: Value): Value => g.node("Tanh", [x], x.dims);

/** Layers are published by their places in one row, activations and enlargements counted. */
class Places {
  readonly #layers: Weights;
  #next = 0;

  constructor(w: Weights) {
    this.#layers = w.at("layers");
  }

  next(): Weights {
    return this.#layers.at(this.#next++);
  }

  skip(): void {
    this.#next++;
  }
}

export function encodeTiny(g: Graph, w: Weights, config: AutoencoderTinyConfig, image: Value): Value {
  const { encoderChannels: channels, encoderBlocks, latentChannels } = config;
  const places = new Places(w.at("encoder"));
  let x = div(g, add(g, image, g.scalar(1)), g.scalar(2));
  for (const [stage, to] of channels.entries()) {
    const shape = { from: size(at(x.dims, 1)), to, kernel: 3 };
    const options = stage === 0 ? { padding: 1 } : { padding: 1, stride: 2, bias: false };
    x = convolution(g, places.next(), x, shape, options);
    for (let block = 0; block < (encoderBlocks[stage] ?? 0); block++) x = tinyBlock(g, places.next(), x, to);
  }
  const last = channels.at(-1) ?? 0;
  return convolution(g, places.next(), x, { from: last, to: latentChannels, kernel: 3 }, { padding: 1 });
}

export function decodeTiny(g: Graph, w: Weights, config: AutoencoderTinyConfig, latents: Value): Value {
  const { decoderChannels: channels, decoderBlocks, latentChannels } = config;
  const places = new Places(w.at("decoder"));
  const limit = g.scalar(latentLimit);
  let x = mul(g, tanh(g, div(g, latents, limit)), limit);
  const first = { from: latentChannels, to: channels[0] ?? 0, kernel: 3 };
  x = relu(g, convolution(g, places.next(), x, first, { padding: 1 }));
  places.skip();
  for (const [stage, width] of channels.entries()) {
    const last = stage === channels.length - 1;
    for (let block = 0; block < (decoderBlocks[stage] ?? 0); block++) x = tinyBlock(g, places.next(), x, width);
    if (!last) {
      places.skip();
      x = enlarge(g, x, 2 * size(at(x.dims, 2)), 2 * size(at(x.dims, 3)));
    }
    const to = last ? 3 : width;
    x = convolution(g, places.next(), x, { from: width, to, kernel: 3 }, { padding: 1, bias: last });
  }
  return sub(g, mul(g, x, g.scalar(2)), g.scalar(1));
}

function tinyBlock(g: Graph, w: Weights, x: Value, to: number): Value {
  const from = size(at(x.dims, 1));
  const conv = (place: number, input: Value, width: number): Value =>
    convolution(g, w.at("conv").at(place), input, { from: width, to, kernel: 3 }, { padding: 1 });
  const hidden = conv(4, relu(g, conv(2, relu(g, conv(0, x, from)), to)), to);
  const past = from === to ? x : convolution(g, w.at("skip"), x, { from, to, kernel: 1 }, { bias: false });
  return relu(g, add(g, hidden, past));
}

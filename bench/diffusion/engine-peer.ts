/** This engine on a diffusers folder: answers as diffusers-peer.py does. */
import { createInterface } from "node:readline";
import path from "node:path";
import { decodeLatents, decoderGraph } from "../../src/engine/diffusion/autoencoder";
import { Illustrator } from "../../src/engine/diffusion/illustrator";
import { Graph } from "../../src/engine/graph/graph";
import { readAutoencoderConfig } from "../../src/engine/model/autoencoder-config";
import { readUnetConfig } from "../../src/engine/model/unet-config";
import { unet } from "../../src/engine/networks/unet";
import { Network } from "../../src/engine/runtime/network";
import { onnxruntime } from "../../src/engine/runtime/onnxruntime";
import { peakResidentBytes } from "../../src/engine/runtime/process-memory";
import { openNetworkWeights } from "../../src/engine/weights/checkpoint";
import { Weights } from "../../src/engine/weights/weights";

const tokens = 77;
const wave = (length: number): Float32Array => Float32Array.from({ length }, (_, i) => Math.sin(i * 1.7));

async function main(folder: string, threads: number, side: number): Promise<void> {
  const size = { height: side, width: side };
  const options = { device: "cpu", threads } as const;
  const { Tensor } = await onnxruntime();
  const started = performance.now();
  const at = (name: string): string => path.join(folder, name);
  const stems = ["diffusion_pytorch_model"];
  const config = await readUnetConfig(at("unet"));
  const g = new Graph("unet", { weightsInPlace: true });
  const weights = new Weights(await openNetworkWeights(at("unet"), stems));
  g.output("out_sample", unet(g, weights, config, { batch: 1, ...size, tokens }));
  const network = await Network.ofGraph(g, options);
  const load = (performance.now() - started) / 1000;
  const autoencoder = await readAutoencoderConfig(at("vae"));
  const parts = { config: autoencoder, weights: new Weights(await openNetworkWeights(at("vae"), stems)) };
  const decoder = await Network.ofGraph(decoderGraph(parts, size), options);
  const latents = wave(4 * size.height * size.width);
  const feeds = {
    sample: new Tensor("float32", latents, [1, 4, size.height, size.width]),
    timestep: new Tensor("float32", Float32Array.of(999), [1]),
    encoder_hidden_states: new Tensor("float32", wave(tokens * config.crossAttentionWidth), [
      1,
      tokens,
      config.crossAttentionWidth,
    ]),
  };
  const illustrator = await Illustrator.open(folder, options);
  const pixels = { width: side * autoencoder.scale, height: side * autoencoder.scale };
  const drawing = { model: folder, preparedRoot: "", prompt: "a lighthouse", steps: 1, guidance: 0, seed: 1, count: 1 };
  const works: Readonly<Record<string, () => Promise<unknown>>> = {
    step: () => network.run(feeds),
    decode: () => decodeLatents(decoder, autoencoder, latents, size),
    picture: () =>
      illustrator.draw(
        { ...options, ...drawing, size: pixels },
        { signal: new AbortController().signal, onPart: () => undefined },
      ),
  };
  process.stdout.write(`${JSON.stringify({ load })}\n`);
  for await (const line of createInterface({ input: process.stdin })) {
    const before = performance.now();
    const cpu = process.cpuUsage();
    await works[line.trim()]?.();
    const { user, system } = process.cpuUsage(cpu);
    const answer = {
      wall: (performance.now() - before) / 1000,
      cpu: (user + system) / 1e6,
      peakMiB: Math.round(peakResidentBytes() / 2 ** 20),
    };
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
}

const [, , folder, threads = "0", side = "64"] = process.argv;
if (folder === undefined) throw new TypeError("usage: engine-peer.ts FOLDER [THREADS] [SIDE]");
void main(folder, Number(threads), Number(side));

/**
 * The encoders of MGM-2B's shape (CLIP ViT-L/14 at 336, ConvNeXt-L at 768) with random weights, against PyTorch, in turns within
 * one run.
 *
 *   npx tsx bench/encoders.ts FOLDER PYTHON [ROUNDS] [float32|bfloat16] [clip-vision|convnext …]
 *
 * FOLDER keeps the random networks, in the form that the product runs; PYTHON has torch and transformers.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { Graph } from "../src/engine/graph/graph";
import type { LinearFormat } from "../src/engine/graph/layers";
import { clipVision } from "../src/engine/networks/clip-vision";
import { convNext as buildConvNext } from "../src/engine/networks/convnext";
import { Network } from "../src/engine/runtime/network";
import { onnxruntime } from "../src/engine/runtime/onnxruntime";
import { clip, convNext, highResolution } from "./mgm-2b-encoders";
import { RandomWeights, writeRandomNetwork } from "./random-network";
import { median } from "./side";

const formats: Readonly<Record<string, LinearFormat>> = {
  // As the product keeps them beside an int8 or int4 language model, in blocks, and exact.
  int8: { kind: "int8" },
  blocks: { kind: "blocks", bits: 8, blockSize: 128, symmetric: true },
  float32: { kind: "float32" },
};
function clipGraph(format: LinearFormat): Graph {
  const graph = new Graph("clip-vision");
  const features = clipVision(graph, new RandomWeights().weights, clip, { batch: 1, selectLayer: -2, format });
  graph.output("lr_features", features);
  return graph;
}

function convNextGraph(format: LinearFormat): Graph {
  const graph = new Graph("convnext");
  const options = { imageSize: highResolution, format };
  const names = { stem: "stem", stages: "stages" };
  const maps = buildConvNext(graph, new RandomWeights().weights, names, convNext, options);
  for (const [stage, map] of maps.stages.entries()) graph.output(`stage${stage}`, map);
  return graph;
}

type Timed = (encoder: string) => Promise<number>;

async function own(folder: string, format: LinearFormat): Promise<Timed> {
  const { Tensor } = await onnxruntime();
  const opened = new Map<string, () => Promise<unknown>>();
  for (const [graph, side] of [
    [clipGraph(format), clip.imageSize],
    [convNextGraph(format), highResolution],
  ] as const) {
    if (!existsSync(path.join(folder, `${graph.name}.onnx`))) await writeRandomNetwork(folder, graph);
    const network = await Network.open(folder, graph.name, { device: "cpu", threads: 0 });
    const values = Float32Array.from({ length: 3 * side * side }, (_, i) => Math.sin(i * 1.7));
    const pixels = new Tensor("float32", values, [1, 3, side, side]);
    opened.set(graph.name, () => network.run({ pixels }));
  }
  return async (encoder) => {
    const started = performance.now();
    await opened.get(encoder)?.();
    return (performance.now() - started) / 1000;
  };
}

async function pytorch(python: string, type: string): Promise<{ time: Timed; end: () => void }> {
  const child = spawn(python, [path.join(__dirname, "encoders-pytorch.py"), type], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => {
    const line: IteratorResult<string, undefined> = await lines.next();
    if (line.done === true) throw new Error("PyTorch ended early");
    return line.value;
  };
  await next();
  return {
    time: async (encoder) => {
      child.stdin.write(`${encoder}\n`);
      return Number(await next());
    },
    end: () => {
      child.stdin.end();
    },
  };
}

async function main([folder, python, rounds = "3", type = "float32", ...chosen]: readonly string[]): Promise<void> {
  if (folder === undefined || python === undefined) throw new Error("usage: npx tsx bench/encoders.ts FOLDER PYTHON");
  const encoders = chosen.length > 0 ? chosen : ["clip-vision", "convnext"];
  const sides: Record<string, Timed> = {};
  for (const [name, format] of Object.entries(formats)) sides[name] = await own(path.join(folder, name), format);
  const torch = await pytorch(python, type);
  sides["pytorch"] = torch.time;
  for (const encoder of encoders) {
    const found: Record<string, number[]> = {};
    for (let round = 0; round <= Number(rounds); round++) {
      for (const [name, time] of Object.entries(sides)) {
        const seconds = await time(encoder);
        // The first round warms up.
        if (round > 0) (found[name] ??= []).push(seconds);
      }
    }
    const { pytorch: reference = [] } = found;
    for (const [name, seconds] of Object.entries(found)) {
      const ratio = median(seconds.map((value, round) => value / (reference[round] ?? NaN)));
      console.log(`${encoder} ${name}: ${median(seconds).toFixed(2)} s, ${ratio.toFixed(2)} × PyTorch ${type}`);
    }
  }
  torch.end();
}

main(process.argv.slice(2)).catch((thrown: unknown) => {
  console.error(thrown);
  process.exitCode = 1;
});

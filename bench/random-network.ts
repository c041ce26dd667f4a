/** Networks of real shapes with random weights: for timing, where no checkpoint is at hand. */
import { mkdir, open, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Graph, WeightJob } from "../src/engine/graph/graph";
import { elementBytes, encodeModel, type Initializer } from "../src/engine/graph/onnx";
import type { StoredTensor } from "../src/engine/weights/tensor";
import type { Weights } from "../src/engine/weights/weights";

/** Stands for a checkpoint that has every tensor asked for, of the shape asked for. */
export class RandomWeights {
  readonly #prefix: string;
  /** Shapes asked for so far, by name. */
  readonly asked: Map<string, readonly number[]>;

  constructor(prefix = "", asked = new Map<string, readonly number[]>()) {
    this.#prefix = prefix;
    this.asked = asked;
  }

  at(path: string | number): RandomWeights {
    return new RandomWeights(this.#prefix === "" ? String(path) : `${this.#prefix}.${path}`, this.asked);
  }

  has(): boolean {
    return true;
  }

  tensor(name: string, dims: readonly number[]): StoredTensor {
    this.asked.set(`${this.#prefix}.${name}`, dims);
    return { name: `${this.#prefix}.${name}`, file: "", offset: 0, byteLength: 0, type: "float32", dims };
  }

  /** As what the networks take: they ask for no more than is here. */
  get weights(): Weights {
    return this as unknown as Weights;
  }
}

const alignment = 4096;
const chunkBytes = 1 << 22;

/** Writes `<folder>/<name>.onnx` and `.bin` with random bytes for codes and small random values for the rest. */
export async function writeRandomNetwork(folder: string, graph: Graph): Promise<number> {
  await mkdir(folder, { recursive: true });
  const location = `${graph.name}.bin`;
  const file = await open(path.join(folder, location), "w");
  const written: Initializer[] = [];
  let offset = 0;
  for (const output of graph.jobs.flatMap((job: WeightJob) => job.outputs)) {
    const length = output.dims.reduce((a, b) => a * b, 1) * elementBytes[output.type];
    const block = randomBlock(output.type !== "float32", output.name, Math.min(length, chunkBytes));
    for (let done = 0; done < length; done += block.length) {
      await file.write(block, 0, Math.min(block.length, length - done), offset + done);
    }
    written.push({ ...output, data: { location, offset, length } });
    offset += Math.ceil(length / alignment) * alignment;
  }
  await file.close();
  await writeFile(path.join(folder, `${graph.name}.onnx`), encodeModel(graph.describe(written)));
  return offset;
}

function randomBlock(codes: boolean, name: string, length: number): Uint8Array {
  if (codes) return Uint8Array.from({ length }, () => Math.floor(Math.random() * 256));
  const scale = name.endsWith(".scales") ? 0.0005 : 0.04;
  const shift = name.endsWith(".scales") ? 0.0005 : 0;
  const values = Float32Array.from({ length: Math.ceil(length / 4) }, () => (Math.random() - 0.5) * scale + shift);
  return new Uint8Array(values.buffer, 0, length);
}

/**
 * Reads a long prompt layer by layer: all positions go through the first layer, then all through the second.
 *
 * So a layer's four-bit codes are unpacked once for all positions, and its bytes are needed no longer than its turn
 * takes. The codes are read from the prepared files, where the decoder's own network has them from.
 */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { setImmediate } from "node:timers/promises";
import type { Tensor } from "onnxruntime-node";
import { throwIfCancelled } from "../../shared/failure";
import { Graph } from "../graph/graph";
import { encodeModel, externalInitializers } from "../graph/onnx";
import type { DecoderConfig } from "../model/decoder-config";
import { decoderNames } from "../networks/decoder-parts";
import { bytesOf, layerNames, layerNorms, promptLayer, stepsOf } from "../networks/prompt-layer";
import { RowUnpacker } from "../weights/unpack-rows";
import type { KeyValueCache, PositionIdentity } from "./key-value-cache";
import { LayerWeights, planMemory, type MemoryPlan, type StoredLayer, storedLayers } from "./layer-weights";
import { Network, type Tensors } from "./network";
import { onnxruntime, type Runtime } from "./onnxruntime";

export interface PromptReaderOptions {
  /** The network is `<folder>/<name>.onnx`. */
  readonly folder: string;
  readonly name: string;
  readonly config: DecoderConfig;
  readonly contextLength: number;
  readonly threads: number;
}

export interface ReadOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** A cancel must be seen within a second, and the thread is blocked while a run lasts. */
const runMilliseconds = 600;
/** How fast the machine is shows only in the first run. */
const firstRun = 64;
const smallestRun = 16;
const largestRun = 512;

export class PromptReader {
  readonly #folder: string;
  readonly #config: DecoderConfig;
  readonly #model: Uint8Array;
  readonly #threads: number;
  readonly #runtime: Runtime;
  readonly #layers: readonly StoredLayer[];
  readonly #plan: MemoryPlan;
  #positionsPerRun = firstRun;

  private constructor(options: PromptReaderOptions, runtime: Runtime, layers: readonly StoredLayer[]) {
    const { folder, config, contextLength, threads } = options;
    this.#folder = folder;
    this.#config = config;
    this.#threads = threads;
    this.#runtime = runtime;
    this.#layers = layers;
    this.#plan = planMemory(layers);
    const graph = new Graph("prompt-layer");
    promptLayer(graph, config, contextLength);
    this.#model = encodeModel(graph.describe());
  }

  /** `undefined` where the weights are not of the kind that can be unpacked, or the processor lacks what unpacks them. */
  static async of(options: PromptReaderOptions): Promise<PromptReader | undefined> {
    const { folder, name, config } = options;
    if (config.experts !== undefined || !RowUnpacker.works) return undefined;
    const layers = storedLayers(externalInitializers(await readFile(path.join(folder, `${name}.onnx`))), config);
    return layers === undefined ? undefined : new PromptReader(options, await onnxruntime(), layers);
  }

  /**
   * Puts keys and values of positions into the cache, behind those held. What this takes of memory is given back.
   *
   * @param embeddings [T, D]
   * @returns milliseconds that went into weights, which depend little on the number of positions.
   * @throws FailureError `cancelled`, within a second; nothing is kept then. `file-unreadable`, `out-of-memory`.
   */
  async read(
    identities: readonly PositionIdentity[],
    embeddings: Float32Array,
    cache: KeyValueCache,
    { signal, onProgress }: ReadOptions = {},
  ): Promise<number> {
    const { family, hiddenSize } = this.#config;
    const before = cache.length;
    const count = identities.length;
    cache.reserve(before + count);
    const factor = family === "gemma" ? Math.fround(Math.sqrt(hiddenSize)) : 1;
    let hidden = embeddings.map((value) => value * factor);
    let result = new Float32Array(hidden.length);
    let weightMilliseconds = 0;
    const weights = new LayerWeights(this.#folder, this.#layers, this.#plan);
    const network = await Network.ofModel("prompt-layer", this.#model, { device: "cpu", threads: this.#threads });
    try {
      const unpacked = this.#unpacked(weights.memory);
      for (const [layer, { norms }] of this.#layers.entries()) {
        throwIfCancelled(signal);
        const began = performance.now();
        await weights.next();
        const scales = await Promise.all(norms.map((norm) => weights.floats(norm)));
        weightMilliseconds += performance.now() - began;
        const feeds = { ...unpacked, ...this.#norms(scales) };
        for (let done = 0; done < count;) {
          const end = Math.min(done + this.#positionsPerRun, count);
          const started = performance.now();
          await this.#run(network, feeds, cache.layer(layer), { hidden, result, begin: done, end, before });
          this.#adapt(end - done, performance.now() - started);
          done = end;
          await setImmediate();
          throwIfCancelled(signal);
        }
        [hidden, result] = [result, hidden];
        onProgress?.(Math.floor(((layer + 1) / this.#layers.length) * count), count);
      }
    } finally {
      await network.dispose();
      await weights.close();
    }
    cache.append(identities);
    return weightMilliseconds;
  }

  /** The matrices of whichever layer is unpacked, as the network's inputs. */
  #unpacked(memory: ArrayBuffer): Tensors {
    const { Tensor } = this.#runtime;
    const matrices = this.#layers[0]?.matrices ?? [];
    return Object.fromEntries(
      matrices.flatMap(({ matrix }, index): [string, Tensor][] => {
        const { rows, columns } = matrix;
        const { bytes = 0, steps = 0 } = this.#plan.unpacked[index] ?? {};
        return [
          [bytesOf(matrix), new Tensor("uint8", new Uint8Array(memory, bytes, rows * columns), [rows, columns])],
          [stepsOf(matrix), new Tensor("float32", new Float32Array(memory, steps, rows), [rows, 1])],
        ];
      }),
    );
  }

  #norms(scales: readonly Float32Array[]): Tensors {
    const { Tensor } = this.#runtime;
    return Object.fromEntries(
      scales.map((scale, index) => [layerNorms[index] ?? "", new Tensor("float32", scale, [scale.length])]),
    );
  }

  /** Runs positions `begin` to `end` of those to be read through one layer. */
  async #run(
    network: Network,
    weights: Tensors,
    { key, value }: ReturnType<KeyValueCache["layer"]>,
    { hidden, result, begin, end, before }: Stretch,
  ): Promise<void> {
    const { Tensor } = this.#runtime;
    const { hiddenSize } = this.#config;
    const length = before + end;
    const part = (values: Float32Array): Tensor =>
      new Tensor("float32", values.subarray(begin * hiddenSize, end * hiddenSize), [1, end - begin, hiddenSize]);
    await network.run(
      {
        ...weights,
        [layerNames.hidden]: part(hidden),
        [decoderNames.lengthBefore]: new Tensor("int32", Int32Array.of(length - 1), [1]),
        [decoderNames.length]: new Tensor("int32", Int32Array.of(length), []),
        [decoderNames.past(0, "key")]: key,
        [decoderNames.past(0, "value")]: value,
      },
      {
        [layerNames.result]: part(result),
        [decoderNames.present(0, "key")]: key,
        [decoderNames.present(0, "value")]: value,
      },
    );
  }

  #adapt(positions: number, milliseconds: number): void {
    const affordable = Math.floor((positions / Math.max(milliseconds, 1)) * runMilliseconds);
    this.#positionsPerRun = Math.min(Math.max(affordable, smallestRun), largestRun);
  }
}

interface Stretch {
  /** [T, D] of all positions, before the layer and after it. */
  readonly hidden: Float32Array;
  readonly result: Float32Array;
  readonly begin: number;
  readonly end: number;
  /** Positions that the cache held before. */
  readonly before: number;
}

/** The weights of one layer of a prepared language model after another, read from its files and unpacked to bytes. */
import { type FileHandle, open } from "node:fs/promises";
import path from "node:path";
import { FailureError } from "../../shared/failure";
import { elementBytes, type PlacedInitializer } from "../graph/onnx";
import type { DecoderConfig } from "../model/decoder-config";
import { layerMatrices, type LayerMatrix, layerNorms } from "../networks/prompt-layer";
import { RowUnpacker } from "../weights/unpack-rows";
import { availableBytes } from "./process-memory";

/** A matrix of one layer, in its files. */
interface StoredMatrix {
  readonly matrix: LayerMatrix;
  readonly blockSize: number;
  readonly codes: PlacedInitializer;
  readonly scales: PlacedInitializer;
}

export interface StoredLayer {
  readonly matrices: readonly StoredMatrix[];
  readonly norms: readonly PlacedInitializer[];
}

/**
 * The layers of a decoder, from the initializers of its ONNX file by name.
 *
 * @returns `undefined` where its matrices are not of four bits in symmetric blocks that divide their rows.
 */
export function storedLayers(
  found: ReadonlyMap<string, PlacedInitializer>,
  config: DecoderConfig,
): readonly StoredLayer[] | undefined {
  const layers: StoredLayer[] = [];
  for (let layer = 0; layer < config.layers; layer++) {
    const nameOf = (part: string): string => `model.layers.${layer}.${part}`;
    const norms = layerNorms.flatMap((name) => found.get(nameOf(name)) ?? []);
    const matrices = Object.values(layerMatrices(config)).flatMap((matrix): StoredMatrix[] => {
      const name = matrix.published.map(nameOf).join("+");
      const [codes, scales] = [found.get(`${name}.codes`), found.get(`${name}.scales`)];
      const [rows, blocks = 0, blockBytes = 0] = codes?.dims ?? [];
      const blockSize = blockBytes * 2;
      if (codes === undefined || scales === undefined || found.has(`${name}.zeros`)) return [];
      const fits = rows === matrix.rows && blocks * blockSize === matrix.columns && blockSize % 32 === 0;
      return fits ? [{ matrix, blockSize, codes, scales }] : [];
    });
    if (matrices.length < matricesOfLayer || norms.length < layerNorms.length) return undefined;
    layers.push({ matrices, norms });
  }
  return layers;
}

const matricesOfLayer = 5;

/** Where the unpacker has what, in bytes from the beginning of its memory. */
export interface MemoryPlan {
  /** Codes and scales as they are read: one matrix is unpacked while the next one is read. */
  readonly slots: readonly [number, number];
  /** Of each matrix of a layer, in order. */
  readonly unpacked: readonly { readonly bytes: number; readonly steps: number }[];
  readonly byteLength: number;
}

/** Vectors are read and written whole. */
const alignment = 64;

/** All layers are of the same shapes: the memory for one serves all. */
export function planMemory([layer]: readonly StoredLayer[]): MemoryPlan {
  let end = 0;
  const take = (byteLength: number): number => {
    const begin = end;
    end = Math.ceil((begin + byteLength) / alignment) * alignment;
    return begin;
  };
  const matrices = layer?.matrices ?? [];
  const largest = Math.max(...matrices.map(({ codes, scales }) => scalesAfter(codes) + scales.data.length));
  const slots = [take(largest), take(largest)] as const;
  const unpacked = matrices.map(({ matrix: { rows, columns } }) => ({
    bytes: take(rows * columns),
    steps: take(rows * elementBytes.float32),
  }));
  return { slots, unpacked, byteLength: end };
}

function unpackerOf({ byteLength }: MemoryPlan): RowUnpacker {
  try {
    return new RowUnpacker(byteLength);
  } catch (thrown) {
    const facts = { neededBytes: byteLength, availableBytes: availableBytes() };
    throw new FailureError({ code: "out-of-memory", ...facts }, { cause: thrown });
  }
}

/** Where the scales begin in a slot, behind the codes. */
const scalesAfter = ({ data }: PlacedInitializer): number => Math.ceil(data.length / alignment) * alignment;

/** Unpacks layers in order into one memory; each matrix is read while the one before it is used. */
export class LayerWeights {
  /** Bytes and steps of the layer unpacked last, where the plan says. */
  readonly memory: ArrayBuffer;
  readonly #unpacker: RowUnpacker;
  readonly #folder: string;
  readonly #plan: MemoryPlan;
  readonly #matrices: readonly StoredMatrix[];
  readonly #files = new Map<string, FileHandle>();
  /** Matrices unpacked so far, and the reading of the next. */
  #done = 0;
  #reading: Promise<void> | undefined;

  /** @throws FailureError `out-of-memory`. */
  constructor(folder: string, layers: readonly StoredLayer[], plan: MemoryPlan) {
    this.#folder = folder;
    this.#plan = plan;
    this.#matrices = layers.flatMap(({ matrices }) => matrices);
    this.#unpacker = unpackerOf(plan);
    this.memory = this.#unpacker.memory;
  }

  /** Unpacks the next layer. @throws FailureError `file-unreadable`. */
  async next(): Promise<void> {
    for (const { bytes, steps } of this.#plan.unpacked) {
      const stored = this.#matrices[this.#done];
      if (stored === undefined) throw new RangeError("there are no more layers");
      await (this.#reading ?? this.#read(this.#done));
      this.#reading = this.#done + 1 < this.#matrices.length ? this.#readAhead(this.#done + 1) : undefined;
      const codes = this.#slot(this.#done);
      const { matrix, blockSize } = stored;
      this.#unpacker.unpack(
        { ...matrix, blockSize },
        { codes, scales: codes + scalesAfter(stored.codes), bytes, steps },
      );
      this.#done++;
    }
  }

  /** A small tensor of float32. @throws FailureError `file-unreadable`. */
  async floats({ data }: PlacedInitializer): Promise<Float32Array> {
    const values = new Float32Array(data.length / elementBytes.float32);
    await this.#fill(new Uint8Array(values.buffer), data);
    return values;
  }

  async close(): Promise<void> {
    await this.#reading?.catch(() => undefined);
    for (const file of this.#files.values()) await file.close();
  }

  #slot(index: number): number {
    return this.#plan.slots[index % 2 === 0 ? 0 : 1];
  }

  #readAhead(index: number): Promise<void> {
    const reading = this.#read(index);
    // Whoever waits for it is told; until then it is nobody's rejection.
    reading.catch(() => undefined);
    return reading;
  }

  async #read(index: number): Promise<void> {
    const stored = this.#matrices[index];
    if (stored === undefined) return;
    const { codes, scales } = stored;
    const begin = this.#slot(index);
    await this.#fill(new Uint8Array(this.memory, begin, codes.data.length), codes.data);
    await this.#fill(new Uint8Array(this.memory, begin + scalesAfter(codes), scales.data.length), scales.data);
  }

  async #fill(into: Uint8Array, { location, offset }: PlacedInitializer["data"]): Promise<void> {
    let file = this.#files.get(location);
    if (file === undefined) {
      file = await open(path.join(this.#folder, location), "r");
      this.#files.set(location, file);
    }
    for (let done = 0; done < into.length;) {
      const { bytesRead } = await file.read(into, done, into.length - done, offset + done);
      if (bytesRead === 0) throw new FailureError({ code: "file-unreadable", file: location, reason: "it ends early" });
      done += bytesRead;
    }
  }
}

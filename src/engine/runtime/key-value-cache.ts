/**
 * Keys and values of the positions that the language model has already seen, with what each position was.
 *
 * A conversation grows at its end, so the cache of one question serves the next: only positions after the common
 * beginning are run again. The tensors are allocated once for a capacity and written in place by the network.
 */
import type { Tensor } from "onnxruntime-node";
import { decoderNames } from "../networks/decoder-parts";
import type { Tensors } from "./network";
import type { Runtime } from "./onnxruntime";

/** What stands at a position: a token id, or a part of an image named by its content. */
export type PositionIdentity = number | string;

export interface CacheShape {
  readonly layers: number;
  readonly keyValueHeads: number;
  readonly headSize: number;
}

/** Capacities are multiples of this, so that a growing conversation seldom reallocates. */
const capacityStep = 256;

export class KeyValueCache {
  readonly #runtime: Runtime;
  readonly #shape: CacheShape;
  readonly #identities: PositionIdentity[] = [];
  #capacity = 0;
  #tensors: Record<string, Tensor> = {};

  constructor(runtime: Runtime, shape: CacheShape) {
    this.#runtime = runtime;
    this.#shape = shape;
  }

  /** Positions held. */
  get length(): number {
    return this.#identities.length;
  }

  get bytes(): number {
    const { layers, keyValueHeads, headSize } = this.#shape;
    return 2 * 4 * layers * keyValueHeads * headSize * this.#capacity;
  }

  /** Past and present of every layer, which are the same memory. */
  get feeds(): Tensors {
    return this.#named(decoderNames.past);
  }

  get fetches(): Tensors {
    return this.#named(decoderNames.present);
  }

  /** Keys and values of one layer: past and present, which are the same memory. */
  layer(layer: number): { readonly key: Tensor; readonly value: Tensor } {
    const [key, value] = [this.#tensors[`${layer}.key`], this.#tensors[`${layer}.value`]];
    if (key === undefined || value === undefined) throw new RangeError("the key-value cache has no room yet");
    return { key, value };
  }

  /** Forgets everything after the longest common beginning, and returns its length. */
  keepCommon(wanted: readonly PositionIdentity[]): number {
    let common = 0;
    while (common < this.length && common < wanted.length && this.#identities[common] === wanted[common]) common++;
    this.truncate(common);
    return common;
  }

  truncate(length: number): void {
    this.#identities.length = Math.min(length, this.length);
  }

  /** Notes what the network has just written behind the positions held. */
  append(identities: readonly PositionIdentity[]): void {
    for (const identity of identities) this.#identities.push(identity);
  }

  /** Makes room for `length` positions in all, keeping those held. */
  reserve(length: number): void {
    if (length <= this.#capacity) return;
    const capacity = Math.ceil(length / capacityStep) * capacityStep;
    const { layers, keyValueHeads, headSize } = this.#shape;
    const grown: Record<string, Tensor> = {};
    for (let layer = 0; layer < layers; layer++) {
      for (const part of ["key", "value"] as const) {
        const key = `${layer}.${part}`;
        const data = new Float32Array(keyValueHeads * capacity * headSize);
        const old = this.#tensors[key]?.data;
        if (old instanceof Float32Array) this.#copyHeads(old, data, capacity);
        grown[key] = new this.#runtime.Tensor("float32", data, [1, keyValueHeads, capacity, headSize]);
      }
    }
    this.#tensors = grown;
    this.#capacity = capacity;
  }

  #copyHeads(from: Float32Array, to: Float32Array, capacity: number): void {
    const { keyValueHeads, headSize } = this.#shape;
    for (let head = 0; head < keyValueHeads; head++) {
      const begin = head * this.#capacity * headSize;
      to.set(from.subarray(begin, begin + this.length * headSize), head * capacity * headSize);
    }
  }

  #named(name: (layer: number, part: "key" | "value") => string): Tensors {
    const named: Record<string, Tensor> = {};
    for (let layer = 0; layer < this.#shape.layers; layer++) {
      for (const part of ["key", "value"] as const) {
        const tensor = this.#tensors[`${layer}.${part}`];
        if (tensor === undefined) throw new RangeError("the key-value cache has no room yet");
        named[name(layer, part)] = tensor;
      }
    }
    return named;
  }
}

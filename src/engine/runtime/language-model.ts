/** The decoder network with its key-value cache: runs positions, gives logits. */
import { setImmediate } from "node:timers/promises";
import { throwIfCancelled } from "../../shared/failure";
import { decoderNames } from "../networks/decoder-parts";
import { type CacheShape, KeyValueCache, type PositionIdentity } from "./key-value-cache";
import { floats, type Network } from "./network";
import type { Runtime } from "./onnxruntime";
import type { PromptReader } from "./prompt-reader";

/** Positions to run: what they are, and their embeddings [T, D] one after another. */
export interface Positions {
  readonly identities: readonly PositionIdentity[];
  readonly embeddings: Float32Array;
}

/** Reads long prompts faster than the network. */
export interface LongPrompts {
  readonly reader: PromptReader;
  /** Positions from which on it is faster. */
  readonly from: number;
}

export interface LanguageModelShape extends CacheShape {
  readonly hiddenSize: number;
  readonly vocabularySize: number;
}

/** A cancel must be seen within a second, and the thread is blocked while a run lasts. */
const chunkMilliseconds = 600;
const smallestChunk = 4;
/** How fast the machine is shows only in the first chunk. */
const firstChunk = 8;
const largestChunk = 512;

export interface PrefillOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

export class LanguageModel {
  readonly cache: KeyValueCache;
  readonly #network: Network;
  readonly #runtime: Runtime;
  readonly #shape: LanguageModelShape;
  readonly #largestChunk: number;
  readonly #longPrompts: LongPrompts | undefined;
  #chunk: number;

  /** @param options.largestChunk positions of a prompt to run at once at most. */
  constructor(
    network: Network,
    runtime: Runtime,
    shape: LanguageModelShape,
    options: { readonly largestChunk?: number | undefined; readonly longPrompts?: LongPrompts | undefined } = {},
  ) {
    this.#network = network;
    this.#runtime = runtime;
    this.#shape = shape;
    this.#largestChunk = options.largestChunk ?? largestChunk;
    this.#longPrompts = options.longPrompts;
    this.#chunk = Math.min(firstChunk, this.#largestChunk);
    this.cache = new KeyValueCache(runtime, shape);
  }

  /**
   * Runs a prompt behind the positions held, chunk by chunk or most of it layer by layer, and returns the logits [V] of its last position.
   *
   * @throws FailureError `cancelled` between chunks or layers; positions that are through stay in the cache.
   */
  async prefill(prompt: Positions, options: PrefillOptions = {}): Promise<Float32Array> {
    const { hiddenSize } = this.#shape;
    const total = prompt.identities.length;
    this.cache.reserve(this.cache.length + total);
    let logits: Float32Array | undefined;
    for (let done = await this.#readAhead(prompt, options); done < total;) {
      throwIfCancelled(options.signal);
      const end = Math.min(done + this.#chunk, total);
      const started = performance.now();
      const chunk = {
        identities: prompt.identities.slice(done, end),
        embeddings: prompt.embeddings.subarray(done * hiddenSize, end * hiddenSize),
      };
      // The head is as large as several layers: it runs once, for the last position.
      [logits] = await this.run(chunk, end === total ? 1 : 0);
      this.#adaptChunk(end - done, performance.now() - started);
      done = end;
      options.onProgress?.(done, total);
      await setImmediate();
    }
    if (logits === undefined) throw new RangeError("an empty prompt has no logits");
    return logits;
  }

  /**
   * Runs a few positions at once behind those held.
   *
   * @param rows how many of the last positions to give logits for.
   * @returns the logits [V] of each of these, in order.
   */
  async run({ identities, embeddings }: Positions, rows = 1): Promise<Float32Array[]> {
    const { hiddenSize, vocabularySize } = this.#shape;
    const { Tensor } = this.#runtime;
    const count = identities.length;
    const length = this.cache.length + count;
    this.cache.reserve(length);
    const asked = BigInt64Array.from({ length: rows }, (_, row) => BigInt(count - rows + row));
    const outputs = await this.#network.run(
      {
        ...this.cache.feeds,
        [decoderNames.embeddings]: new Tensor("float32", embeddings, [1, count, hiddenSize]),
        [decoderNames.lengthBefore]: new Tensor("int32", Int32Array.of(length - 1), [1]),
        [decoderNames.length]: new Tensor("int32", Int32Array.of(length), []),
        [decoderNames.positions]: new Tensor("int64", asked, [rows]),
      },
      { [decoderNames.logits]: null, ...this.cache.fetches },
    );
    this.cache.append(identities);
    const logits = floats(outputs, decoderNames.logits);
    return Array.from({ length: rows }, (_, row) => logits.subarray(row * vocabularySize, (row + 1) * vocabularySize));
  }

  /** @returns how many positions of a long prompt were read: all but the last, whose logits only the network gives. */
  async #readAhead({ identities, embeddings }: Positions, { signal, onProgress }: PrefillOptions): Promise<number> {
    const count = identities.length - 1;
    if (this.#longPrompts === undefined || count < this.#longPrompts.from) return 0;
    const ahead = embeddings.subarray(0, count * this.#shape.hiddenSize);
    await this.#longPrompts.reader.read(identities.slice(0, count), ahead, this.cache, {
      signal,
      onProgress: (done) => onProgress?.(done, count + 1),
    });
    return count;
  }

  async dispose(): Promise<void> {
    await this.#network.dispose();
  }

  #adaptChunk(tokens: number, milliseconds: number): void {
    const affordable = Math.floor((tokens / Math.max(milliseconds, 1)) * chunkMilliseconds);
    this.#chunk = Math.min(Math.max(affordable, smallestChunk), this.#largestChunk);
  }
}

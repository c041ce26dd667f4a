/**
 * A shard that arrives: hashed, cut into its tensors, each tensor a file until it is converted.
 *
 * What is needed to go on after the process was killed is the position and the state of the hash there, together with
 * the tensor files up to that position: `mark` is such a place, and everything before it is on disk.
 */
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { createSHA256 } from "hash-wasm";
import { checkDigest } from "../hub/digest";
import type { HubFile } from "../hub/hub";
import type { ByteSink } from "../hub/stream-file";
import { asWriteFailure } from "../weights/output-file";

export interface Mark {
  readonly offset: number;
  /** Of the hash, base64. */
  readonly state: string;
}

/** A tensor in a shard and the file that it becomes. */
export interface ArrivingTensor {
  /** First byte in the shard. */
  readonly begin: number;
  readonly byteLength: number;
  readonly file: string;
}

export interface ShardEvents {
  /** Whether anything needs this tensor; others are only hashed. */
  readonly needs: (file: string) => boolean;
  readonly stored: (tensor: ArrivingTensor) => void;
  /** After each piece; may wait until there is room for more. */
  readonly written: () => Promise<void>;
}

const markBytes = 64 * 2 ** 20;

type Hasher = Awaited<ReturnType<typeof createSHA256>>;

export class ShardSink implements ByteSink {
  position: number;
  mark: Mark;
  readonly #shard: HubFile;
  readonly #tensors: readonly ArrivingTensor[];
  readonly #events: ShardEvents;
  readonly #hash: Hasher;
  /** The tensor at the position, or the next one. */
  #index: number;
  #handle: FileHandle | undefined;

  private constructor(
    shard: HubFile,
    tensors: readonly ArrivingTensor[],
    events: ShardEvents,
    hash: Hasher,
    offset: number,
  ) {
    this.#shard = shard;
    this.#tensors = tensors;
    this.#events = events;
    this.#hash = hash;
    this.position = offset;
    this.#index = tensors.findIndex(({ begin, byteLength }) => begin + byteLength > offset);
    if (this.#index < 0) this.#index = tensors.length;
    this.mark = this.#newMark();
  }

  /** @param tensors by position, none of them empty. @param from where an earlier time ended; undefined at the start. */
  static async open(
    shard: HubFile,
    tensors: readonly ArrivingTensor[],
    from: Mark | undefined,
    events: ShardEvents,
  ): Promise<ShardSink> {
    const hash = (await createSHA256()).init();
    if (from !== undefined) hash.load(Buffer.from(from.state, "base64"));
    return new ShardSink(shard, tensors, events, hash, from?.offset ?? 0);
  }

  /** @throws FailureError `disk-full`, `write-failed`. */
  async write(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      const tensor = this.#tensors[this.#index];
      const inside = tensor !== undefined && this.position >= tensor.begin;
      const boundary = tensor === undefined ? Infinity : inside ? tensor.begin + tensor.byteLength : tensor.begin;
      const piece = bytes.subarray(done, done + Math.min(bytes.length - done, boundary - this.position));
      if (inside) await this.#store(tensor, piece);
      this.#hash.update(piece);
      this.position += piece.length;
      done += piece.length;
      if (inside && this.position === boundary) await this.#end(tensor);
    }
    if (this.position - this.mark.offset >= markBytes) {
      await this.#handle?.datasync();
      this.mark = this.#newMark();
    }
    await this.#events.written();
  }

  /** The whole shard against its published digest. @throws FailureError `download-mismatch`. */
  check(name: string): void {
    checkDigest(name, this.#shard.digest, this.#hash.digest("hex"));
  }

  async close(): Promise<void> {
    await this.#handle?.close();
    this.#handle = undefined;
  }

  async #store(tensor: ArrivingTensor, piece: Uint8Array): Promise<void> {
    if (!this.#events.needs(tensor.file)) return;
    try {
      this.#handle ??= await open(tensor.file, constants.O_RDWR | constants.O_CREAT);
      const start = this.position - tensor.begin;
      for (let done = 0; done < piece.length;) {
        const { bytesWritten } = await this.#handle.write(piece, done, piece.length - done, start + done);
        done += bytesWritten;
      }
    } catch (thrown) {
      throw await asWriteFailure(tensor.file, tensor.byteLength, thrown);
    }
  }

  async #end(tensor: ArrivingTensor): Promise<void> {
    this.#index++;
    const handle = this.#handle;
    this.#handle = undefined;
    if (handle !== undefined) {
      await handle.datasync();
      await handle.close();
      this.#events.stored(tensor);
    }
    this.mark = this.#newMark();
  }

  #newMark(): Mark {
    return { offset: this.position, state: Buffer.from(this.#hash.save()).toString("base64") };
  }
}

/**
 * Weight jobs carried out while their tensors arrive, in whatever order that is.
 *
 * Each arriving tensor is a file of its own. A piece of work is done as soon as all its tensors are here, and a tensor
 * is given back when no piece needs it any more. `checkpoint` says what is safely on disk, so that the work can be
 * gone on with after the process was killed.
 */
import { FailureError } from "../../shared/failure";
import { OutputFile } from "./output-file";
import { type PlacedJobs, placeJobs, type WorkItem, type WriteJob } from "./placement";
import type { WorkerPool } from "./worker-pool";
import { makeItem } from "./write-weights";

export interface StreamedFile {
  readonly path: string;
  readonly jobs: readonly WriteJob[];
}

export interface StreamedWriteOptions {
  readonly pool: WorkerPool;
  /** Whether a tensor's file is here already; all others are told of by `arrived`. */
  readonly isHere: (file: string) => boolean;
  /** Keys of pieces that are on disk from an earlier time. */
  readonly finished: ReadonlySet<string>;
  readonly onWritten: (bytes: number) => void;
}

export interface Checkpoint {
  /** Keys of the pieces that are on disk. */
  readonly finished: readonly string[];
  /** Tensor files that nothing needs any more. */
  readonly released: readonly string[];
}

interface Piece {
  readonly key: string;
  readonly file: number;
  readonly item: WorkItem;
  /** Tensor files that are still to come. */
  readonly missing: Set<string>;
}

export class StreamedWrite {
  /** Of each file, in order. */
  readonly placed: readonly PlacedJobs[];
  /** Bytes of all outputs, and of those that were there from the beginning. */
  readonly totalBytes: number;
  readonly doneBytes: number;
  readonly #files: readonly StreamedFile[];
  readonly #options: StreamedWriteOptions;
  readonly #outputs: OutputFile[] = [];
  /** Pieces still to be done that need a tensor. */
  readonly #users = new Map<string, Set<Piece>>();
  readonly #ready: Piece[] = [];
  readonly #finished: Set<string>;
  /** Done, and not yet known to be on disk. */
  readonly #fresh: Piece[] = [];
  readonly #released: string[] = [];
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  #left = 0;
  #failure: Error | undefined;

  private constructor(files: readonly StreamedFile[], options: StreamedWriteOptions) {
    this.#files = files;
    this.#options = options;
    this.#finished = new Set(options.finished);
    this.placed = files.map(({ jobs }) => placeJobs(jobs));
    let total = 0;
    let done = 0;
    for (const [file, { items }] of this.placed.entries()) {
      for (const [index, item] of items.entries()) {
        const bytes = item.targets.reduce((n, { length }) => n + length, 0);
        total += bytes;
        if (this.#finished.has(`${file}:${index}`)) done += bytes;
        else this.#add({ key: `${file}:${index}`, file, item, missing: new Set() });
      }
    }
    this.totalBytes = total;
    this.doneBytes = done;
  }

  /** Opens the data files, new or as they were left. @throws FailureError `disk-full`, `write-failed`. */
  static async open(files: readonly StreamedFile[], options: StreamedWriteOptions): Promise<StreamedWrite> {
    const stream = new StreamedWrite(files, options);
    for (const [index, { path }] of files.entries()) {
      stream.#outputs.push(await OutputFile.reopen(path, stream.placed[index]?.byteLength ?? 0));
    }
    stream.#work();
    return stream;
  }

  /** Whether anything still to be done needs this tensor. */
  needs(file: string): boolean {
    return this.#users.has(file);
  }

  /** Whether pieces can be made without anything more arriving. */
  get busy(): boolean {
    return this.#failure === undefined && (this.#running > 0 || this.#ready.length > 0);
  }

  /** A tensor's file is whole. */
  arrived(file: string): void {
    for (const piece of this.#users.get(file) ?? []) {
      piece.missing.delete(file);
      if (piece.missing.size === 0) this.#ready.push(piece);
    }
    this.#work();
  }

  /** Waits until a piece is done, or nothing is under way. @throws what making a piece threw. */
  async step(): Promise<void> {
    if (this.busy) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#check();
  }

  /** Waits until everything is done. @throws what making a piece threw. */
  async finish(): Promise<void> {
    while (this.busy) await this.step();
    this.#check();
    if (this.#left > 0) throw new TypeError(`${this.#left} pieces still lack tensors`);
  }

  /** Brings to disk what is done. @throws what making a piece threw; FailureError `disk-full`, `write-failed`. */
  async checkpoint(): Promise<Checkpoint> {
    this.#check();
    const fresh = this.#fresh.splice(0);
    for (const file of new Set(fresh.map((piece) => piece.file))) await this.#outputs[file]?.sync();
    for (const { key } of fresh) this.#finished.add(key);
    return { finished: [...this.#finished], released: this.#released.splice(0) };
  }

  /** Keys of the pieces that are made from one of these tensors. */
  keysOf(files: ReadonlySet<string>): ReadonlySet<string> {
    const keys = new Set<string>();
    for (const [file, { items }] of this.placed.entries()) {
      for (const [index, { range }] of items.entries()) {
        if (range.tensors.some((tensor) => files.has(tensor.file))) keys.add(`${file}:${index}`);
      }
    }
    return keys;
  }

  /** Lets pieces under way end and closes the files. */
  async close(): Promise<void> {
    this.#failure ??= new FailureError({ code: "cancelled" });
    while (this.#running > 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    for (const output of this.#outputs.splice(0)) await output.close();
  }

  #add(piece: Piece): void {
    this.#left++;
    for (const { file } of piece.item.range.tensors) {
      const users = this.#users.get(file) ?? new Set();
      this.#users.set(file, users.add(piece));
      if (!this.#options.isHere(file)) piece.missing.add(file);
    }
    if (piece.missing.size === 0) this.#ready.push(piece);
  }

  #work(): void {
    while (this.#failure === undefined && this.#running < this.#options.pool.threads) {
      const piece = this.#ready.shift();
      if (piece === undefined) return;
      this.#running++;
      this.#make(piece)
        .catch((thrown: unknown) => {
          this.#failure ??= thrown instanceof Error ? thrown : new Error(String(thrown));
        })
        .finally(() => {
          this.#running--;
          this.#work();
          for (const resolve of this.#waiting.splice(0)) resolve();
        });
    }
  }

  async #make(piece: Piece): Promise<void> {
    const output = this.#outputs[piece.file];
    if (output === undefined) throw new TypeError(`${this.#files[piece.file]?.path ?? ""} is not open`);
    const written = await makeItem(piece.item, this.#options.pool, output);
    this.#left--;
    this.#fresh.push(piece);
    for (const { file } of piece.item.range.tensors) {
      const users = this.#users.get(file);
      users?.delete(piece);
      if (users?.size === 0) {
        this.#users.delete(file);
        this.#released.push(file);
      }
    }
    this.#options.onWritten(written);
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }
}

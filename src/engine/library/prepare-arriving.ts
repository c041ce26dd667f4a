/**
 * A checkpoint prepared while it is downloaded: each tensor is converted when it has arrived and deleted then, so the
 * disk holds the prepared model and a few tensors, never the whole published one.
 *
 * The work can be gone on with after the process was killed. Nothing of it counts before every shard was what its
 * digest says: only then is the prepared folder moved into place.
 */
import { createHash } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import path from "node:path";
import { failureOf } from "../../shared/failure";
import type { Precision, PrepareResult } from "../../shared/protocol";
import type { Hub, Revision } from "../hub/hub";
import { inParallel } from "../hub/in-parallel";
import { streamFile } from "../hub/stream-file";
import type { ModelConfig } from "../model/config";
import type { Encoders } from "../model/encoders";
import { openTokenizer } from "../pipeline/open-tokenizer";
import { checkSpace, finishPreparation, planPreparation, type Preparation } from "../pipeline/preparation";
import { builderVersion } from "../pipeline/prepared-model";
import { type DataFile, dataFilesOf, initializersOf, writeGraph } from "../pipeline/write-network";
import { StreamedWrite } from "../weights/stream-weights";
import { WorkerPool } from "../weights/worker-pool";
import { defaultThreads } from "../weights/write-weights";
import { type ArrivingCheckpoint, type ArrivingShard, isWhole, storedTensors } from "./arriving";
import { type Journal, readJournal, writeJournal } from "./journal";
import { type ArrivingTensor, type Mark, ShardSink } from "./shard-sink";

export interface PrepareArrivingParams {
  readonly hub: Hub;
  readonly revision: Revision;
  readonly arriving: ArrivingCheckpoint;
  /** What `readArriving` was given. */
  readonly folder: string;
  /** Folder of config.json and the tokenizer. */
  readonly model: string;
  readonly config: ModelConfig;
  readonly encoders: Encoders;
  /** Identify the encoders' published files. */
  readonly encoderDigests: readonly string[];
  readonly preparedRoot: string;
  readonly precision: Precision;
}

export interface PrepareArrivingOptions {
  readonly signal?: AbortSignal | undefined;
  /** Bytes of the shards that had arrived before. */
  readonly onBegin: (arrivedBytes: number) => void;
  readonly onBytes: (bytes: number) => void;
}

/** Bytes of tensors that may wait for their conversion before the download waits too. */
const bufferBytes = 2 ** 30;
const saveMilliseconds = 1_000;
const defaultFiles = 4;

/**
 * @throws FailureError of the hub, of the checkpoint, of the disk; `download-mismatch`, after which what came of that
 *   shard is gone; `cancelled`. All else is kept to go on with.
 */
export async function prepareArriving(
  params: PrepareArrivingParams,
  options: PrepareArrivingOptions,
): Promise<PrepareResult> {
  const { model, config, encoders, preparedRoot, precision, arriving } = params;
  const from = { model, config, encoders, preparedRoot, precision, checkpoint: arriving.checkpoint };
  const preparation = planPreparation({ ...from, source: sourceOf(params), intermediates: false });
  await openTokenizer(model, config.vocabularySize);
  const work = await Work.begin(params, preparation);
  try {
    await work.run(options);
    return await work.finish();
  } finally {
    await work.close();
  }
}

function sourceOf({ arriving, encoderDigests }: PrepareArrivingParams): string {
  const digests = [...arriving.shards.map(({ file }) => file.digest.value), ...encoderDigests].sort();
  return createHash("sha256")
    .update([builderVersion, ...digests].join("\n"))
    .digest("hex");
}

interface NamedFile extends DataFile {
  /** Of the network that it belongs to. */
  readonly owner: string;
}

class Work {
  readonly #params: PrepareArrivingParams;
  readonly #preparation: Preparation;
  readonly #temporary: string;
  readonly #files: readonly NamedFile[];
  readonly #pool: WorkerPool;
  readonly #stream: StreamedWrite;
  readonly #marks: Map<string, Mark>;
  readonly #tensorBytes = new Map<string, number>();
  #buffered = 0;
  #saved = performance.now();
  #saving: Promise<void> = Promise.resolve();

  private constructor(
    params: PrepareArrivingParams,
    preparation: Preparation,
    temporary: string,
    files: readonly NamedFile[],
    pool: WorkerPool,
    stream: StreamedWrite,
    journal: Journal,
  ) {
    this.#params = params;
    this.#preparation = preparation;
    this.#temporary = temporary;
    this.#files = files;
    this.#pool = pool;
    this.#stream = stream;
    this.#marks = new Map(Object.entries(journal.shards));
  }

  static async begin(params: PrepareArrivingParams, preparation: Preparation): Promise<Work> {
    const { folder, graphs, embeddings } = preparation;
    const temporary = path.join(params.preparedRoot, `.preparing-${path.basename(folder)}`);
    const journalFile = journalOf(params.folder, preparation);
    const journal = await readJournal(journalFile);
    // Pieces that are said to be done are worth nothing without the files that they were written to.
    if (journal.finished.length === 0) await rm(temporary, { recursive: true, force: true });
    const made = await mkdir(temporary, { recursive: true });
    const known = made === undefined ? journal : { ...journal, finished: [] };
    const owners = [...graphs, { name: "embeddings", jobs: [embeddings] }];
    const files = owners.flatMap(({ name, jobs }) => dataFilesOf(name, jobs).map((file) => ({ ...file, owner: name })));
    const here = new Set<string>();
    const arriving = new Set<string>();
    for (const shard of params.arriving.shards) {
      for (const { file } of shard.tensors) arriving.add(file);
      for (const file of await storedTensors(shard, known.shards[shard.file.path])) here.add(file);
    }
    const pool = new WorkerPool(defaultThreads());
    const stream = await StreamedWrite.open(
      files.map(({ location, jobs }) => ({ path: path.join(temporary, location), jobs })),
      {
        pool,
        isHere: (file) => here.has(file) || !arriving.has(file),
        finished: new Set(known.finished),
        onWritten: () => undefined,
      },
    );
    return new Work(params, preparation, temporary, files, pool, stream, known);
  }

  async run({ signal, onBegin, onBytes }: PrepareArrivingOptions): Promise<void> {
    const { hub, arriving, preparedRoot } = this.#params;
    for (const shard of arriving.shards) {
      const mark = this.#marks.get(shard.file.path);
      if (mark !== undefined && !(await isWhole(shard, mark, (file) => this.#stream.needs(file)))) {
        this.#marks.delete(shard.file.path);
      }
    }
    const offsets = arriving.shards.map(({ file }) => this.#marks.get(file.path)?.offset ?? 0);
    onBegin(offsets.reduce((a, b) => a + b, 0));
    await checkSpace(preparedRoot, this.#preparation.bytes - this.#stream.doneBytes);
    const files = hub.network.settings.pace?.files ?? defaultFiles;
    try {
      await inParallel(arriving.shards, files, signal, (shard, both) => this.#shard(shard, both, onBytes));
      await this.#stream.finish();
    } catch (thrown) {
      // What has arrived until now is kept too; a full disk takes no note, and a spoilt shard has noted all.
      const { code } = failureOf(thrown);
      if (code !== "disk-full" && code !== "download-mismatch") await this.#save();
      throw thrown;
    }
  }

  /** Writes what is not weights and moves the folder into place. */
  async finish(): Promise<PrepareResult> {
    const initializers = this.#files.map((file, index) => ({
      owner: file.owner,
      written: initializersOf(file, this.#stream.placed[index]?.placements ?? []),
    }));
    const of = (name: string): ReturnType<typeof initializersOf> =>
      initializers.filter(({ owner }) => owner === name).flatMap(({ written }) => written);
    await this.#stream.close();
    for (const graph of this.#preparation.graphs) await writeGraph(this.#temporary, graph, of(graph.name));
    const result = await finishPreparation(this.#preparation, this.#temporary, of("embeddings"));
    await rm(this.#params.folder, { recursive: true, force: true });
    return result;
  }

  async close(): Promise<void> {
    await this.#stream.close();
    await this.#pool.dispose();
  }

  async #shard(shard: ArrivingShard, signal: AbortSignal, onBytes: (bytes: number) => void): Promise<void> {
    const { hub, revision } = this.#params;
    const { file } = shard;
    const sink = await ShardSink.open(file, shard.tensors, this.#marks.get(file.path), {
      needs: (tensor) => this.#stream.needs(tensor),
      stored: (tensor) => {
        this.#stored(tensor);
      },
      written: async () => {
        this.#marks.set(file.path, sink.mark);
        await this.#room();
      },
    });
    try {
      await streamFile(hub, revision, file, sink, { signal, onBytes });
      this.#marks.set(file.path, sink.mark);
      await this.#checkShard(shard, sink);
    } finally {
      await sink.close();
    }
  }

  async #checkShard(shard: ArrivingShard, sink: ShardSink): Promise<void> {
    try {
      sink.check(`${this.#params.revision.repository}/${shard.file.path}`);
    } catch (thrown) {
      this.#saving = this.#saving.catch(() => undefined).then(() => this.#forget(shard));
      await this.#saving;
      throw thrown;
    }
  }

  /** Whatever was made from a shard that is not what was published is not to be trusted either. */
  async #forget({ file, tensors }: ArrivingShard): Promise<void> {
    const { finished } = await this.#stream.checkpoint();
    const spoilt = this.#stream.keysOf(new Set(tensors.map((tensor) => tensor.file)));
    await this.#stream.close();
    this.#marks.delete(file.path);
    await this.#write(finished.filter((key) => !spoilt.has(key)));
  }

  #stored({ file, byteLength }: ArrivingTensor): void {
    this.#tensorBytes.set(file, byteLength);
    this.#buffered += byteLength;
    this.#stream.arrived(file);
  }

  /** Notes what is done now and then, and waits while too much is waiting to be converted. */
  async #room(): Promise<void> {
    if (performance.now() - this.#saved > saveMilliseconds || this.#buffered > bufferBytes) await this.#save();
    while (this.#buffered > bufferBytes && this.#stream.busy) {
      await this.#stream.step();
      await this.#save();
    }
  }

  /** One after the other, whoever asks. */
  #save(): Promise<void> {
    this.#saving = this.#saving.catch(() => undefined).then(() => this.#saveNow());
    return this.#saving;
  }

  async #saveNow(): Promise<void> {
    this.#saved = performance.now();
    // Taken first: what arrives while the disk works is of the next time.
    const marks = new Map(this.#marks);
    const { finished, released } = await this.#stream.checkpoint();
    await this.#write(finished, marks);
    for (const file of released) {
      await rm(file, { force: true });
      this.#buffered -= this.#tensorBytes.get(file) ?? 0;
      this.#tensorBytes.delete(file);
    }
  }

  #write(finished: readonly string[], marks: ReadonlyMap<string, Mark> = this.#marks): Promise<void> {
    const journal = { shards: Object.fromEntries(marks), finished };
    return writeJournal(journalOf(this.#params.folder, this.#preparation), journal);
  }
}

/** One for each precision and set of files: another one's says nothing here. */
const journalOf = (folder: string, { folder: prepared }: Preparation): string =>
  path.join(folder, `${path.basename(prepared)}.json`);

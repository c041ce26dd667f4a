/**
 * Weight jobs carried out: published tensors converted in worker threads and written into one data file.
 *
 * Where each output lies is settled before anything is read, so threads may finish in any order and the file is the
 * same. Memory is bounded by the ranges under way, whatever the size of a tensor.
 */
import os from "node:os";
import { throwIfCancelled } from "../../shared/failure";
import type { ConvertRange } from "./convert-range";
import { OutputFile } from "./output-file";
import type { StoredTensor } from "./tensor";
import type { WeightTransform } from "./transform";
import { WorkerPool } from "./worker-pool";

/** What a graph asks of its weights; `graph/graph.ts` has the same shape with names. */
export interface WriteJob {
  /** Joined by rows. */
  readonly tensors: readonly StoredTensor[];
  readonly transform: WeightTransform;
  readonly outputs: readonly { readonly type: string; readonly dims: readonly number[] }[];
}

export interface Placement {
  readonly offset: number;
  readonly length: number;
}

export interface WriteWeightsOptions {
  readonly signal?: AbortSignal | undefined;
  /** Told of bytes written since the last call. */
  readonly onWritten?: ((bytes: number) => void) | undefined;
  /** Threads to work with, for callers that write many files; else threads are started for this file alone. */
  readonly pool?: WorkerPool | undefined;
}

/** Where data begins: a multiple of this, as memory mapping wants it. */
const alignment = 4096;
/** Elements of a range: 16 MB in float32. */
const rangeElements = 1 << 22;
const mostThreads = 4;

/** As many threads as this machine can use; memory grows with their number. */
export const defaultThreads = (): number => Math.min(mostThreads, os.availableParallelism());

/**
 * @returns where each output of each job lies, in order.
 * @throws FailureError `weight-dtype`, `weight-not-finite`, `file-missing`, `file-unreadable`, `disk-full`,
 *   `write-failed`, `cancelled`; the file is removed then.
 */
export async function writeWeights(
  path: string,
  jobs: readonly WriteJob[],
  { signal, onWritten, pool: shared }: WriteWeightsOptions = {},
): Promise<readonly Placement[]> {
  throwIfCancelled(signal);
  const placed = place(jobs);
  const placements = placed.flatMap((job) => job.placements);
  const items = placed.flatMap(itemsOf);
  const end = placements.at(-1);
  const file = await OutputFile.create(path, end === undefined ? 0 : end.offset + end.length);
  const pool = shared ?? new WorkerPool(defaultThreads());
  try {
    await carryOut(items, pool, async (bytes, offset) => {
      throwIfCancelled(signal);
      await file.write(bytes, offset);
      onWritten?.(bytes.byteLength);
    });
    await file.close();
    return placements;
  } catch (thrown) {
    await file.discard();
    throw thrown;
  } finally {
    if (shared === undefined) await pool.dispose();
  }
}

/** @throws what the first item to fail threw, once nothing is under way any more. */
async function carryOut(
  items: readonly WorkItem[],
  pool: WorkerPool,
  write: (bytes: Uint8Array, offset: number) => Promise<void>,
): Promise<void> {
  const failures: unknown[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (let item = items[next++]; item !== undefined && failures.length === 0; item = items[next++]) {
      const outputs = await pool.convert(item.range);
      for (const [index, { offset, length }] of item.targets.entries()) {
        const bytes = outputs[index];
        if (bytes?.byteLength !== length) throw new TypeError(`output ${index} is not of ${length} bytes`);
        await write(new Uint8Array(bytes), offset);
      }
    }
  };
  const workers = Array.from({ length: Math.min(pool.threads, items.length) }, async () => {
    await work().catch((thrown: unknown) => failures.push(thrown));
  });
  await Promise.all(workers);
  if (failures.length > 0) throw failures[0];
}

interface PlacedJob {
  readonly job: WriteJob;
  readonly placements: readonly Placement[];
}

interface WorkItem {
  readonly range: ConvertRange;
  /** Where each output of the range goes. */
  readonly targets: readonly Placement[];
}

function place(jobs: readonly WriteJob[]): readonly PlacedJob[] {
  let end = 0;
  return jobs.map((job) => {
    const placements = job.outputs.map(({ type, dims }) => {
      const offset = Math.ceil(end / alignment) * alignment;
      const length = elementsOf(dims) * (type === "uint8" ? 1 : 4);
      end = offset + length;
      return { offset, length };
    });
    return { job, placements };
  });
}

/** Rows of quantised tensors stay whole; plain tensors are cut anywhere. */
function itemsOf({ job, placements }: PlacedJob): readonly WorkItem[] {
  const { tensors, transform } = job;
  const elements = tensors.reduce((n, { dims }) => n + elementsOf(dims), 0);
  const columns = transform.kind === "blocks" ? (tensors[0]?.dims[1] ?? 1) : 1;
  const rows = elements / columns;
  const step = Math.max(1, Math.floor(rangeElements / columns));
  return Array.from({ length: Math.ceil(rows / step) }, (_, index) => {
    const beginRow = index * step;
    const endRow = Math.min(beginRow + step, rows);
    const targets = placements.map(({ offset, length }) => {
      const rowBytes = length / rows;
      return { offset: offset + rowBytes * beginRow, length: rowBytes * (endRow - beginRow) };
    });
    return { range: { tensors, transform, columns, beginRow, endRow }, targets };
  });
}

const elementsOf = (dims: readonly number[]): number => dims.reduce((n, size) => n * size, 1);

/** Weight jobs carried out: published tensors converted in worker threads and written into one data file. */
import os from "node:os";
import { throwIfCancelled } from "../../shared/failure";
import { OutputFile } from "./output-file";
import { type Placement, placeJobs, type WorkItem, type WriteJob } from "./placement";
import { WorkerPool } from "./worker-pool";

export interface WriteWeightsOptions {
  readonly signal?: AbortSignal | undefined;
  /** Told of bytes written since the last call. */
  readonly onWritten?: ((bytes: number) => void) | undefined;
  /** Threads to work with, for callers that write many files; else threads are started for this file alone. */
  readonly pool?: WorkerPool | undefined;
}

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
  const { placements, items, byteLength } = placeJobs(jobs);
  const file = await OutputFile.create(path, byteLength);
  const pool = shared ?? new WorkerPool(defaultThreads());
  try {
    await carryOut(items, pool, async (item) => {
      throwIfCancelled(signal);
      const written = await makeItem(item, pool, file);
      onWritten?.(written);
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

/** Converts one piece and writes it. @returns the bytes written. @throws FailureError as `writeWeights` does. */
export async function makeItem({ range, targets }: WorkItem, pool: WorkerPool, file: OutputFile): Promise<number> {
  const outputs = await pool.convert(range);
  let written = 0;
  for (const [index, { offset, length }] of targets.entries()) {
    const bytes = outputs[index];
    if (bytes?.byteLength !== length) throw new TypeError(`output ${index} is not of ${length} bytes`);
    await file.write(new Uint8Array(bytes), offset);
    written += length;
  }
  return written;
}

/** @throws what the first item to fail threw, once nothing is under way any more. */
async function carryOut(
  items: readonly WorkItem[],
  pool: WorkerPool,
  make: (item: WorkItem) => Promise<void>,
): Promise<void> {
  const failures: unknown[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (let item = items[next++]; item !== undefined && failures.length === 0; item = items[next++]) await make(item);
  };
  const workers = Array.from({ length: Math.min(pool.threads, items.length) }, async () => {
    await work().catch((thrown: unknown) => failures.push(thrown));
  });
  await Promise.all(workers);
  if (failures.length > 0) throw failures[0];
}

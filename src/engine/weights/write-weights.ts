/**
 * Weight jobs carried out: published tensors converted in worker threads and written into one data file.
 *
 * Where each output lies is settled before anything is read, so threads may finish in any order and the file is the
 * same. Memory is bounded by the ranges under way, whatever the size of a tensor.
 */
import { open, rm } from "node:fs/promises";
import os from "node:os";
import { FailureError, throwIfCancelled } from "../../shared/failure";
import type { ConvertRange } from "./convert-range";
import type { StoredTensor } from "./tensor";
import type { WeightTransform } from "./transform";
import { WorkerPool } from "./worker-pool";

/** What a graph asks of its weights; `graph/graph.ts` has the same shape with names. */
export interface WriteJob {
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
}

/** Where data begins: a multiple of this, as memory mapping wants it. */
const alignment = 4096;
/** Elements of a range: 16 MB in float32. */
const rangeElements = 1 << 22;
const mostThreads = 4;

/**
 * @returns where each output of each job lies, in order.
 * @throws FailureError `weight-dtype`, `weight-not-finite`, `file-unreadable`, `disk-full`, `write-failed`,
 *   `cancelled`; the file is removed then.
 */
export async function writeWeights(
  file: string,
  jobs: readonly WriteJob[],
  { signal, onWritten }: WriteWeightsOptions = {},
): Promise<readonly Placement[]> {
  const placed = place(jobs);
  const ranges = placed.flatMap(rangesOf);
  const threads = Math.min(mostThreads, os.availableParallelism(), ranges.length);
  const handle = await open(file, "w");
  const pool = new WorkerPool(threads);
  try {
    let next = 0;
    const work = async (): Promise<void> => {
      for (let item = ranges[next++]; item !== undefined; item = ranges[next++]) {
        throwIfCancelled(signal);
        const outputs = await pool.convert(item.range);
        for (const [index, bytes] of outputs.entries()) {
          await handle.write(new Uint8Array(bytes), 0, bytes.byteLength, item.offsets[index] ?? 0);
          onWritten?.(bytes.byteLength);
        }
      }
    };
    await Promise.all(Array.from({ length: threads }, work));
    return placed.flatMap(({ placements }) => placements);
  } catch (thrown) {
    await rm(file, { force: true });
    throw asWriteFailure(file, thrown);
  } finally {
    await handle.close();
    await pool.dispose();
  }
}

interface PlacedJob {
  readonly job: WriteJob;
  readonly placements: readonly Placement[];
}

function place(jobs: readonly WriteJob[]): readonly PlacedJob[] {
  let end = 0;
  return jobs.map((job) => {
    const placements = job.outputs.map(({ type, dims }) => {
      const offset = Math.ceil(end / alignment) * alignment;
      const length = dims.reduce((n, size) => n * size, 1) * (type === "uint8" ? 1 : 4);
      end = offset + length;
      return { offset, length };
    });
    return { job, placements };
  });
}

/** Rows of quantised tensors stay whole; plain tensors are cut anywhere. */
function rangesOf({ job, placements }: PlacedJob): { range: ConvertRange; offsets: readonly number[] }[] {
  const { tensors, transform } = job;
  const elements = tensors.reduce((n, { dims }) => n + dims.reduce((a, b) => a * b, 1), 0);
  const columns = transform.kind === "blocks" ? (tensors[0]?.dims[1] ?? 1) : 1;
  const rows = elements / columns;
  const step = Math.max(1, Math.floor(rangeElements / columns));
  return Array.from({ length: Math.ceil(rows / step) }, (_, index) => {
    const beginRow = index * step;
    const range = { tensors, transform, columns, beginRow, endRow: Math.min(beginRow + step, rows) };
    const offsets = placements.map(({ offset, length }) => offset + (length / rows) * beginRow);
    return { range, offsets };
  });
}

function asWriteFailure(file: string, thrown: unknown): unknown {
  if (!(thrown instanceof Error) || !("code" in thrown) || thrown instanceof FailureError) return thrown;
  const reason = String(thrown.code);
  return new FailureError({ code: "write-failed", file, reason }, { cause: thrown });
}

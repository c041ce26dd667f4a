/**
 * Where the outputs of weight jobs lie in a data file, and the pieces in which they are made.
 *
 * Both are settled before anything is read, so pieces may be made in any order and the file is the same. Memory is
 * bounded by the pieces under way, whatever the size of a tensor, but for those that are transposed.
 */
import type { ConvertRange } from "./convert-range";
import { storedBytes, type StoredTensor, type StoredType } from "./tensor";
import type { WeightTransform } from "./transform";

/** What a graph asks of its weights; `graph/graph.ts` has the same shape with names. */
export interface WriteJob {
  /** Joined by rows. */
  readonly tensors: readonly StoredTensor[];
  readonly transform: WeightTransform;
  readonly outputs: readonly { readonly type: StoredType; readonly dims: readonly number[] }[];
}

export interface Placement {
  readonly offset: number;
  readonly length: number;
}

/** A piece of work: some rows of a job. */
export interface WorkItem {
  readonly range: ConvertRange;
  /** Where each output of the range goes. */
  readonly targets: readonly Placement[];
}

export interface PlacedJobs {
  readonly byteLength: number;
  /** Where each output of each job lies, in order. */
  readonly placements: readonly Placement[];
  readonly items: readonly WorkItem[];
}

/** Where data begins: a multiple of this, as memory mapping wants it. */
const alignment = 4096;
/** Elements of a range: 16 MB in float32. */
const rangeElements = 1 << 22;

export function placeJobs(jobs: readonly WriteJob[]): PlacedJobs {
  let end = 0;
  const placements: Placement[] = [];
  const items = jobs.flatMap((job) => {
    const own = job.outputs.map(({ type, dims }) => {
      const offset = Math.ceil(end / alignment) * alignment;
      const length = elementsOf(dims) * storedBytes[type];
      end = offset + length;
      return { offset, length };
    });
    placements.push(...own);
    return itemsOf(job, own);
  });
  return { byteLength: end, placements, items };
}

/** Rows of quantised tensors stay whole, and transposed ones altogether; plain tensors are cut anywhere. */
function itemsOf({ tensors, transform }: WriteJob, placements: readonly Placement[]): readonly WorkItem[] {
  const elements = tensors.reduce((n, { dims }) => n + elementsOf(dims), 0);
  const columns = transform.kind === "float32" ? 1 : (tensors[0]?.dims[1] ?? 1);
  const rows = elements / columns;
  const step = transform.kind === "int8" ? rows : Math.max(1, Math.floor(rangeElements / columns));
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

/** Networks written to disk: data files of converted weights, and the ONNX file that points into them. */
import { writeFile } from "node:fs/promises";
import path from "node:path";
import type { Graph, WeightJob } from "../graph/graph";
import { elementBytes, encodeModel, type Initializer } from "../graph/onnx";
import { writeWeights } from "../weights/write-weights";

/** Data files are cut at this size: repositories and stores like files below 50 MB. */
const dataFileBytes = 45 * 2 ** 20;

export interface WriteOptions {
  readonly signal?: AbortSignal | undefined;
  /** Told of every step, in bytes written. */
  readonly onWritten?: ((bytes: number) => void) | undefined;
}

/** Bytes that a job will write. */
export function jobBytes({ outputs }: WeightJob): number {
  return outputs.reduce((n, { dims, type }) => n + dims.reduce((a, b) => a * b, 1) * elementBytes[type], 0);
}

/** Writes `<folder>/<graph's name>.onnx` and its data files. */
export async function writeNetwork(folder: string, graph: Graph, options: WriteOptions): Promise<void> {
  const initializers = await writeJobs(folder, graph.name, graph.jobs, options);
  await writeFile(path.join(folder, `${graph.name}.onnx`), encodeModel(graph.describe(initializers)));
}

/** Carries jobs out into data files `<name>-00001.bin`, …, and tells where each output lies. */
export async function writeJobs(
  folder: string,
  name: string,
  jobs: readonly WeightJob[],
  options: WriteOptions,
): Promise<readonly Initializer[]> {
  const initializers: Initializer[] = [];
  for (const [index, group] of groupBySize(jobs).entries()) {
    const location = `${name}-${String(index + 1).padStart(5, "0")}.bin`;
    const placements = await writeWeights(path.join(folder, location), group, options);
    const outputs = group.flatMap((job) => job.outputs);
    for (const [output, pending] of outputs.entries()) {
      const placement = placements[output];
      if (placement === undefined) throw new TypeError(`${pending.name} was not written`);
      const { offset, length } = placement;
      initializers.push({ ...pending, data: { location, offset, length } });
    }
  }
  return initializers;
}

function groupBySize(jobs: readonly WeightJob[]): readonly (readonly WeightJob[])[] {
  const groups: WeightJob[][] = [];
  let room = 0;
  for (const job of jobs) {
    const bytes = jobBytes(job);
    if (bytes > room || groups.length === 0) {
      groups.push([]);
      room = dataFileBytes;
    }
    groups.at(-1)?.push(job);
    room -= bytes;
  }
  return groups;
}

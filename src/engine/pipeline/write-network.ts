/** Networks written to disk: data files of converted weights, and the ONNX file that points into them. */
import { writeFile } from "node:fs/promises";
import path from "node:path";
import type { Graph, WeightJob } from "../graph/graph";
import { elementBytes, encodeModel, type Initializer } from "../graph/onnx";
import type { Placement } from "../weights/placement";
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

/** Jobs that share a data file, `<name>-00001.bin` and so on. */
export interface DataFile {
  readonly location: string;
  readonly jobs: readonly WeightJob[];
}

/** The data files of a network, or of what else has jobs. */
export function dataFilesOf(name: string, jobs: readonly WeightJob[]): readonly DataFile[] {
  return groupBySize(jobs).map((group, index) => ({
    location: `${name}-${String(index + 1).padStart(5, "0")}.bin`,
    jobs: group,
  }));
}

/** The initializers that a data file holds. @param placements of the outputs of its jobs, in order. */
export function initializersOf({ location, jobs }: DataFile, placements: readonly Placement[]): readonly Initializer[] {
  return jobs
    .flatMap((job) => job.outputs)
    .map((pending, output) => {
      const placement = placements[output];
      if (placement === undefined) throw new TypeError(`${pending.name} was not written`);
      const { offset, length } = placement;
      return { ...pending, data: { location, offset, length } };
    });
}

/** Writes `<folder>/<graph's name>.onnx` and its data files. */
export async function writeNetwork(folder: string, graph: Graph, options: WriteOptions): Promise<void> {
  await writeGraph(folder, graph, await writeJobs(folder, graph.name, graph.jobs, options));
}

/** Writes `<folder>/<graph's name>.onnx` alone. */
export async function writeGraph(folder: string, graph: Graph, initializers: readonly Initializer[]): Promise<void> {
  await writeFile(path.join(folder, `${graph.name}.onnx`), encodeModel(graph.describe(initializers)));
}

/** Carries jobs out into data files and tells where each output lies. */
export async function writeJobs(
  folder: string,
  name: string,
  jobs: readonly WeightJob[],
  options: WriteOptions,
): Promise<readonly Initializer[]> {
  const initializers: Initializer[] = [];
  for (const file of dataFilesOf(name, jobs)) {
    const placements = await writeWeights(path.join(folder, file.location), file.jobs, options);
    initializers.push(...initializersOf(file, placements));
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

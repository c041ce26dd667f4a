/** Whether a machine can run a model, and which model is the one for it. */
import type { Gpu, MachineFacts } from "./library-protocol";
import { type CatalogueEntry, visionLanguageModels } from "./model-catalogue";
import { activeWeights, sizesOf } from "./model-sizes";
import type { Precision } from "./protocol";

export type Obstacle =
  | { readonly kind: "memory"; readonly neededBytes: number; readonly machineBytes: number }
  | { readonly kind: "disk"; readonly neededBytes: number; readonly freeBytes: number }
  /** The native libraries want AVX2. */
  | { readonly kind: "instructions" }
  /** onnxruntime-node has no build for it. */
  | { readonly kind: "platform"; readonly name: string };

/**
 * What can be said of a graphics processor before it was tried: whether its memory holds the model. Whether it is faster
 * than the processor only timing shows.
 */
export interface GraphicsFit {
  readonly gpu: Gpu;
  /** Null where its memory cannot be told, or is the machine's. */
  readonly holds: boolean | null;
}

export interface Fit {
  /** What is in the way; empty where it runs. */
  readonly obstacles: readonly Obstacle[];
  /** It runs, and leaves little memory to other programs. */
  readonly tight: boolean;
  /** It runs, and answers slower than people read. */
  readonly slow: boolean;
  /** Undefined where the machine has no graphics processor that is known. */
  readonly graphics: GraphicsFit | undefined;
}

/** The operating system and an editor. */
const otherPrograms = 3e9;
const tightShare = 0.6;
/** Weights that one core brings through in a second, as measured with 2B on two cores (design.md). */
const weightsPerCoreSecond = 30e9;
/** Memory is what limits more cores than these. */
const usefulCores = 8;
/** People read some five tokens a second. */
const slowTokensPerSecond = 4;

/** @param here bytes of it that are on disk already. */
export function fitOf(entry: CatalogueEntry, precision: Precision, machine: MachineFacts, here = 0): Fit {
  const { prepared, memory, download } = sizesOf(entry, precision);
  const obstacles: Obstacle[] = [];
  if (machine.platform === "darwin" && machine.architecture === "x64") {
    obstacles.push({ kind: "platform", name: "macOS x64" });
  }
  if (machine.avx2 === false) obstacles.push({ kind: "instructions" });
  if (memory + otherPrograms > machine.memoryBytes) {
    obstacles.push({ kind: "memory", neededBytes: memory + otherPrograms, machineBytes: machine.memoryBytes });
  }
  const neededBytes = Math.max(0, (entry.kind === "diffusion" ? download : prepared) - here);
  if (neededBytes > machine.freeDiskBytes) {
    obstacles.push({ kind: "disk", neededBytes, freeBytes: machine.freeDiskBytes });
  }
  return {
    obstacles,
    tight: memory > tightShare * machine.memoryBytes,
    slow: entry.kind === "vision-language" && tokensPerSecond(entry, machine) < slowTokensPerSecond,
    graphics: graphicsFit(memory, machine),
  };
}

/** Of the graphics processor with the most memory. */
function graphicsFit(neededBytes: number, { gpus }: MachineFacts): GraphicsFit | undefined {
  const [gpu] = [...gpus].sort((a, b) => (b.memoryBytes ?? 0) - (a.memoryBytes ?? 0));
  if (gpu === undefined) return undefined;
  return { gpu, holds: gpu.memoryBytes === null ? null : neededBytes <= gpu.memoryBytes };
}

/** On the processor, in int4, by what was measured; a graphics processor is faster. */
export function tokensPerSecond(
  entry: Extract<CatalogueEntry, { kind: "vision-language" }>,
  { cores }: MachineFacts,
): number {
  return (Math.min(cores, usefulCores) * weightsPerCoreSecond) / activeWeights(entry.decoder);
}

/** The largest that runs with room to spare and answers at reading speed; undefined where none does. */
export function recommendedModel(precision: Precision, machine: MachineFacts): string | undefined {
  const good = visionLanguageModels.filter((entry) => {
    const { obstacles, tight, slow } = fitOf(entry, precision, machine);
    // The high-definition forms read five times the tokens for each image: a choice of their own.
    return obstacles.length === 0 && !tight && !slow && !entry.highDefinition;
  });
  return good.at(-1)?.id;
}

/** Reading the golden values of latent diffusion. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { toFloat32 } from "../../../src/engine/weights/convert";
import { openSafetensors } from "../../../src/engine/weights/safetensors";

export const fixtures = path.join(import.meta.dirname, "..", "fixtures", "diffusion");

/** Every float tensor of a file by its name. */
export async function readTensors(file: string): Promise<ReadonlyMap<string, Float32Array>> {
  const checkpoint = await openSafetensors(file);
  const bytes = await readFile(file);
  const tensors = new Map<string, Float32Array>();
  for (const name of checkpoint.names) {
    const tensor = checkpoint.get(name);
    if (tensor?.type !== "float32" && tensor?.type !== "float16") continue;
    const data = bytes.subarray(tensor.offset, tensor.offset + tensor.byteLength);
    tensors.set(name, toFloat32(data, tensor.type));
  }
  return tensors;
}

/** Infinity where one of them is missing or of another length: no comparison passes by comparing nothing. */
export function largestDifference(a: ArrayLike<number> | undefined, b: ArrayLike<number> | undefined): number {
  if (a === undefined || b === undefined || a.length !== b.length || a.length === 0) return Infinity;
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs((a[i] ?? NaN) - (b[i] ?? NaN));
    if (!(difference <= largest)) largest = Number.isNaN(difference) ? Infinity : difference;
  }
  return largest;
}

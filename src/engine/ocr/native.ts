/** Native libraries, loaded on first need: they may be absent or fail to load on a machine. */
import type * as OnnxRuntime from "onnxruntime-node";
import type * as Sharp from "sharp";
import { FailureError } from "../../shared/failure";

/** @throws FailureError `engine-native` with the loader's own words. */
export function loadRuntime(): Promise<typeof OnnxRuntime> {
  return load("onnxruntime-node", import("onnxruntime-node"));
}

/** @throws FailureError `engine-native` with the loader's own words. */
export async function loadSharp(): Promise<typeof Sharp.default> {
  return (await load("sharp", import("sharp"))).default;
}

async function load<Library>(library: string, loading: Promise<Library>): Promise<Library> {
  try {
    return await loading;
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    throw new FailureError({ code: "engine-native", library, message }, { cause: thrown });
  }
}

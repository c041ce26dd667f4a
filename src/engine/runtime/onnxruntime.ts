/** onnxruntime-node, loaded on first need: its native library may be absent or fail to load on a machine. */
import type * as OnnxRuntime from "onnxruntime-node";
import { FailureError } from "../../shared/failure";

export type Runtime = typeof OnnxRuntime;

let loading: Promise<Runtime> | undefined;

/** @throws FailureError `engine-native` with the loader's own words. */
export function onnxruntime(): Promise<Runtime> {
  loading ??= import("onnxruntime-node").catch((thrown: unknown) => {
    loading = undefined;
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    throw new FailureError({ code: "engine-native", library: "onnxruntime-node", message }, { cause: thrown });
  });
  return loading;
}

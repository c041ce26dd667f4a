/** What a person can do at once about a failure: buttons beside its words. Everything else is said by its advice. */
import type { Failure, FailureCode } from "./failure";

export const failureSteps = [
  "set-access-token",
  "set-server-token",
  "model-settings",
  "encoder-settings",
  "engine-settings",
  "server-settings",
  "choose-model",
  "choose-illustrator",
  "get-redistributable",
] as const;

export type FailureStep = (typeof failureSteps)[number];

const otherModel: readonly FailureStep[] = ["choose-model"];

const steps: Readonly<Partial<Record<FailureCode, readonly FailureStep[]>>> = {
  "engine-crash-loop": ["choose-model", "engine-settings"],
  "engine-native": ["get-redistributable"],
  "out-of-memory": otherModel,
  "runtime-failed": ["engine-settings"],
  "device-unavailable": ["engine-settings"],

  "model-folder-missing": otherModel,
  "model-not-loaded": otherModel,
  "model-family-unknown": otherModel,
  "config-missing": otherModel,
  "config-invalid": otherModel,
  "tokenizer-missing": otherModel,
  "tokenizer-invalid": otherModel,
  "tokenizer-mismatch": otherModel,
  "weight-missing": otherModel,
  "weight-shape": otherModel,
  "weight-dtype": otherModel,
  "weight-duplicate": otherModel,
  "weight-range": otherModel,
  "weight-unused": otherModel,
  "weight-overlap": otherModel,
  "weight-not-finite": otherModel,
  "weights-header": otherModel,
  "pickle-refused": otherModel,
  "index-outside-folder": otherModel,
  "encoder-missing": ["encoder-settings", "choose-model"],
  "pipeline-unknown": ["choose-illustrator"],
  "illustrator-missing": ["choose-illustrator"],
  "disk-full": ["model-settings"],

  "hub-unauthorized": ["set-access-token", "model-settings"],
  "hub-missing": ["model-settings"],
  "hub-refused": ["model-settings"],
  "hub-redirects": ["model-settings"],
  "endpoint-invalid": ["model-settings"],
  "server-unauthorised": ["set-server-token", "server-settings"],
  "server-address-invalid": ["server-settings"],
  "server-unreachable": ["server-settings"],
  "server-silent": ["server-settings"],
  "server-model-missing": ["server-settings"],
  "server-images-refused": ["server-settings"],
};

/** The next steps, the likeliest first. */
export const stepsFor = ({ code }: Failure): readonly FailureStep[] => steps[code] ?? [];

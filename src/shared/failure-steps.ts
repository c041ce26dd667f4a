/** What a person can do at once about a failure: buttons beside its words. Everything else is said by its advice. */
import type { Failure, FailureCode } from "./failure";

export const failureSteps = ["set-access-token", "set-server-token", "model-settings", "server-settings"] as const;

export type FailureStep = (typeof failureSteps)[number];

const steps: Readonly<Partial<Record<FailureCode, readonly FailureStep[]>>> = {
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

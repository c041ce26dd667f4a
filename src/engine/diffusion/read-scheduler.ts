/**
 * A folder's scheduler_config.json, and the scheduler that it or the person asks for.
 *
 * Source: huggingface/diffusers, schedulers/: fields, and each class's defaults for those that a file does not have.
 */
import path from "node:path";
import { FailureError } from "../../shared/failure";
import { type SchedulerName, schedulerNames } from "../../shared/generate-protocol";
import { JsonFields } from "../model/json-fields";
import { dpmSolverScheduler } from "./dpm-solver";
import { eulerScheduler } from "./euler";
import { lcmScheduler } from "./lcm";
import type { Prediction, Scheduler, SchedulerConfig } from "./scheduler";

/** Classes of diffusers and what draws in their place here. */
const classes: ReadonlyMap<string, SchedulerName> = new Map([
  ["EulerDiscreteScheduler", "euler"],
  ["EulerAncestralDiscreteScheduler", "euler-ancestral"],
  ["LCMScheduler", "lcm"],
  ["DPMSolverMultistepScheduler", "dpmpp-2m"],
  // Without new noise, DDIM is Euler's step in other units.
  ["DDIMScheduler", "euler"],
  ["DDPMScheduler", "euler-ancestral"],
  // Other solvers of the same equation, of more than the first order.
  ["PNDMScheduler", "dpmpp-2m"],
  ["LMSDiscreteScheduler", "dpmpp-2m"],
  ["HeunDiscreteScheduler", "dpmpp-2m"],
  ["DEISMultistepScheduler", "dpmpp-2m"],
  ["UniPCMultistepScheduler", "dpmpp-2m"],
  ["DPMSolverSinglestepScheduler", "dpmpp-2m"],
]);

/**
 * @param name in place of the file's own class; Karras, spacing and the noise schedule still come from the file.
 * @throws FailureError `file-missing`, `config-invalid`, `option-invalid` for a name that does not exist.
 */
export async function readScheduler(folder: string, name?: SchedulerName): Promise<SchedulerConfig> {
  const fields = await JsonFields.read(path.join(folder, "scheduler_config.json"));
  if (name !== undefined && !schedulerNames.includes(name)) {
    const expected = schedulerNames.join(", ");
    throw new FailureError({ code: "option-invalid", option: "scheduler", expected, found: name });
  }
  const named = classes.get(fields.text("_class_name"));
  return readConfig(fields, name ?? named ?? fields.refuse("_class_name", [...classes.keys()].join(", ")));
}

function readConfig(fields: JsonFields, name: SchedulerName): SchedulerConfig {
  if (fields.has("trained_betas")) fields.refuse("trained_betas", "null");
  for (const field of ["thresholding", "use_beta_sigmas", "use_flow_sigmas", "use_lu_lambdas"])
    fields.only(field, false);
  if (fields.has("lambda_min_clipped")) fields.refuse("lambda_min_clipped", "-Infinity");
  fields.only("interpolation_type", "linear");
  fields.only("timestep_type", "discrete");
  const euler = name === "euler";
  const multistep = name === "dpmpp-2m";
  const beta = { from: 0, to: 0.999 };
  const trainSteps = fields.integer("num_train_timesteps", { from: 1, to: 100_000, fallback: 1000 });
  const sigma = (field: string): number | undefined =>
    euler && fields.has(field) ? fields.number(field, { from: 1e-6, to: 1e6 }) : undefined;
  return {
    name,
    trainSteps,
    betaStart: fields.number("beta_start", { ...beta, fallback: name === "lcm" ? 0.00085 : 0.0001 }),
    betaEnd: fields.number("beta_end", { ...beta, fallback: name === "lcm" ? 0.012 : 0.02 }),
    betaSchedule: oneOf(fields, "beta_schedule", betaSchedules, name === "lcm" ? "scaled_linear" : "linear"),
    zeroTerminalSnr: fields.boolean("rescale_betas_zero_snr", false),
    prediction: oneOf(fields, "prediction_type", predictions, "epsilon"),
    spacing: oneOf(fields, "timestep_spacing", spacings, name === "lcm" ? "leading" : "linspace"),
    stepsOffset: fields.integer("steps_offset", { from: 0, to: trainSteps, fallback: 0 }),
    sigmas: euler || multistep ? placement(fields) : "steps",
    sigmaMin: sigma("sigma_min"),
    sigmaMax: sigma("sigma_max"),
    finalSigma: euler || multistep ? oneOf(fields, "final_sigmas_type", ["zero", "sigma_min"], "zero") : "zero",
    originalSteps: fields.integer("original_inference_steps", { from: 1, to: trainSteps, fallback: 50 }),
    timestepScaling: fields.number("timestep_scaling", { from: 0, to: 1e6, fallback: 10 }),
    clipRange:
      name === "lcm" && fields.boolean("clip_sample", false)
        ? fields.number("clip_sample_range", { from: 0, to: 1e6, fallback: 1 })
        : undefined,
    ...readSolver(fields, multistep),
  };
}

type Solver = Pick<SchedulerConfig, "solverOrder" | "lowerOrderFinal" | "eulerAtFinal" | "solverType">;

function readSolver(fields: JsonFields, multistep: boolean): Solver {
  // Fields of other solvers have these names too, and mean something else.
  if (!multistep || fields.text("_class_name", "") !== "DPMSolverMultistepScheduler") {
    return { solverOrder: 2, lowerOrderFinal: true, eulerAtFinal: false, solverType: "midpoint" };
  }
  fields.only("algorithm_type", "dpmsolver++");
  const order = fields.integer("solver_order", { from: 1, to: 2, fallback: 2 });
  return {
    solverOrder: order === 1 ? 1 : 2,
    lowerOrderFinal: fields.boolean("lower_order_final", true),
    eulerAtFinal: fields.boolean("euler_at_final", false),
    solverType: oneOf(fields, "solver_type", ["midpoint", "heun"], "midpoint"),
  };
}

const betaSchedules = ["linear", "scaled_linear", "squaredcos_cap_v2"] as const;
const predictions: readonly Prediction[] = ["epsilon", "v_prediction", "sample"];
const spacings = ["linspace", "leading", "trailing"] as const;

function placement(fields: JsonFields): SchedulerConfig["sigmas"] {
  if (fields.boolean("use_karras_sigmas", false)) return "karras";
  return fields.boolean("use_exponential_sigmas", false) ? "exponential" : "steps";
}

function oneOf<T extends string>(fields: JsonFields, field: string, served: readonly T[], fallback: T): T {
  const found = fields.text(field, fallback);
  return served.find((one) => one === found) ?? fields.refuse(field, served.join(", "));
}

/** @throws FailureError `option-invalid` for more steps than the scheduler has. */
export function createScheduler(config: SchedulerConfig, steps: number): Scheduler {
  const most = config.name === "lcm" ? config.originalSteps : config.trainSteps;
  if (steps > most) {
    throw new FailureError({ code: "option-invalid", option: "steps", expected: `at most ${most}`, found: `${steps}` });
  }
  if (config.name === "lcm") return lcmScheduler(config, steps);
  return config.name === "dpmpp-2m" ? dpmSolverScheduler(config, steps) : eulerScheduler(config, steps);
}

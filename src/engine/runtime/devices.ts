/**
 * Where the networks run. `auto` runs the real decoder for a moment on each device that this build of the runtime has,
 * keeps the fastest whose logits agree with the CPU's, and remembers it for the next start.
 */
import { failureOf, FailureError } from "../../shared/failure";
import { type Placement, recallDevices, rememberDevice } from "./device-memory";
import { LanguageModel, type LanguageModelShape } from "./language-model";
import { type ChosenDevice, Network } from "./network";
import { onnxruntime } from "./onnxruntime";

/** The runtime's names of what this project knows as devices. */
const backendDevices: Readonly<Record<string, ChosenDevice>> = {
  cpu: "cpu",
  webgpu: "webgpu",
  cuda: "cuda",
  dml: "directml",
  coreml: "coreml",
};

/** Largest relative difference of logits from the CPU's at which another device is trusted. */
const logitTolerance = 0.05;
const promptLength = 64;
const steps = 3;
/**
 * Positions to run at once on a device whose attention is right over few and wrong over many: so it is with the
 * runtime's WebGPU kernels on SwiftShader, where 31 positions agree with the CPU to 1e-5 and 32 are wrong.
 */
const carefulChunk = 16;

/** Devices that the installed runtime can be asked for; whether the machine has them only trying shows. */
export async function knownDevices(): Promise<readonly ChosenDevice[]> {
  const { listSupportedBackends } = await onnxruntime();
  return listSupportedBackends().flatMap(({ name }) => backendDevices[name] ?? []);
}

export interface TrialNetwork {
  readonly folder: string;
  readonly name: string;
  readonly shape: LanguageModelShape;
  readonly threads: number;
}

/**
 * @param memory file that keeps the choice for each network.
 * @param key names the network and all that the choice depends on.
 */
export async function chooseDevice(memory: string, key: string, trial: TrialNetwork): Promise<Placement> {
  const remembered = await recallDevices(memory);
  const known = remembered[key];
  const devices = await knownDevices();
  if (known !== undefined && known.trying === undefined && devices.includes(known.device)) {
    return { device: known.device, largestChunk: known.largestChunk };
  }

  // A device whose trial ended the process is never tried again for this network.
  const fatal = known?.trying === undefined ? [] : [...(known.fatal ?? []), known.trying];
  const cpu = await timeDevice(trial, "cpu");
  let best: Placement & { readonly milliseconds: number } = { device: "cpu", milliseconds: cpu.milliseconds };
  for (const device of devices) {
    if (device === "cpu" || fatal.includes(device)) continue;
    await rememberDevice(memory, key, { device: best.device, trying: device, fatal });
    const tried = await tryDevice(trial, device, cpu.logits).catch(() => undefined);
    if (tried !== undefined && tried.milliseconds < best.milliseconds) best = { device, ...tried };
  }
  const { device, largestChunk } = best;
  await rememberDevice(memory, key, { device, largestChunk, fatal });
  return { device, largestChunk };
}

/** Opens and runs the network once on a device that was asked for by name. @throws FailureError `device-unavailable` */
export async function verifyDevice(trial: TrialNetwork, device: ChosenDevice): Promise<Placement> {
  if (device === "cpu") return { device };
  if (!(await knownDevices()).includes(device)) {
    throw new FailureError({
      code: "device-unavailable",
      device,
      reason: "this build of the runtime does not have it",
    });
  }
  let tried: { readonly largestChunk: number | undefined } | undefined;
  try {
    const cpu = await timeDevice(trial, "cpu");
    tried = await tryDevice(trial, device, cpu.logits);
  } catch (thrown) {
    const failure = failureOf(thrown);
    const reason = "reason" in failure ? failure.reason : "message" in failure ? failure.message : failure.code;
    throw new FailureError({ code: "device-unavailable", device, reason }, { cause: thrown });
  }
  if (tried !== undefined) return { device, largestChunk: tried.largestChunk };
  throw new FailureError({ code: "device-unavailable", device, reason: "its results differ from the CPU's" });
}

/** How fast a device is with chunks of which it agrees with the CPU; `undefined` where it never does. */
async function tryDevice(
  trial: TrialNetwork,
  device: ChosenDevice,
  expected: Float32Array,
): Promise<{ readonly milliseconds: number; readonly largestChunk: number | undefined } | undefined> {
  for (const largestChunk of [undefined, carefulChunk]) {
    const { milliseconds, logits } = await timeDevice(trial, device, largestChunk);
    if (agrees(logits, expected)) return { milliseconds, largestChunk };
  }
  return undefined;
}

async function timeDevice(
  { folder, name, shape, threads }: TrialNetwork,
  device: ChosenDevice,
  largestChunk?: number,
): Promise<{ milliseconds: number; logits: Float32Array }> {
  const network = await Network.open(folder, name, { device, threads });
  try {
    const model = new LanguageModel(network, await onnxruntime(), shape, { largestChunk });
    const embeddings = (count: number): Float32Array =>
      Float32Array.from({ length: count * shape.hiddenSize }, (_, i) => Math.sin(i * 1.7) * 0.05);
    const prompt = {
      identities: Array.from({ length: promptLength }, (_, i) => i),
      embeddings: embeddings(promptLength),
    };
    // All positions at once, unless chunks are what is tried: a slow machine's smaller ones would tell nothing of them.
    const prefill = async (): Promise<Float32Array | undefined> =>
      largestChunk === undefined ? (await model.run(prompt, 1))[0] : model.prefill(prompt);
    const logits = Float32Array.from((await prefill()) ?? []);
    model.cache.truncate(0);
    const started = performance.now();
    await prefill();
    for (let step = 0; step < steps; step++) await model.run({ identities: [step], embeddings: embeddings(1) });
    return { milliseconds: performance.now() - started, logits };
  } finally {
    await network.dispose();
  }
}

function agrees(a: Float32Array, b: Float32Array): boolean {
  let difference = 0;
  let largest = 0;
  for (const [index, value] of b.entries()) {
    const other = a[index] ?? NaN;
    if (!Number.isFinite(other)) return false;
    difference = Math.max(difference, Math.abs(other - value));
    largest = Math.max(largest, Math.abs(value));
  }
  return difference <= logitTolerance * Math.max(largest, 1e-6);
}

/** One network: an ONNX file with its data files, open on a device. */
import path from "node:path";
import type { InferenceSession, Tensor } from "onnxruntime-node";
import { FailureError } from "../../shared/failure";
import type { Device } from "../../shared/protocol";
import type { Graph } from "../graph/graph";
import { encodeModel } from "../graph/onnx";
import { onnxruntime } from "./onnxruntime";
import { availableBytes } from "./process-memory";

export type ChosenDevice = Exclude<Device, "auto">;

export interface NetworkOptions {
  readonly device: ChosenDevice;
  /** 0 lets onnxruntime choose. */
  readonly threads: number;
}

export type Tensors = Readonly<Record<string, Tensor>>;

/** Names of onnxruntime's execution providers. */
const providers = { cpu: "cpu", webgpu: "webgpu", cuda: "cuda", directml: "dml", coreml: "coreml" } as const;

export class Network {
  readonly name: string;
  readonly device: ChosenDevice;
  readonly #session: InferenceSession;

  private constructor(name: string, device: ChosenDevice, session: InferenceSession) {
    this.name = name;
    this.device = device;
    this.#session = session;
  }

  /**
   * Opens `<folder>/<name>.onnx`.
   *
   * @throws FailureError `engine-native` where the runtime cannot be loaded, `runtime-failed` where it refuses the
   *   network on CPU, `device-unavailable` where another device does.
   */
  static async open(folder: string, name: string, options: NetworkOptions): Promise<Network> {
    const { InferenceSession } = await onnxruntime();
    const settings: InferenceSession.SessionOptions = {
      graphOptimizationLevel: "all",
      // Each prompt has its own length: a plan of memory by shapes would be kept for every one of them.
      enableMemPattern: false,
    };
    return Network.#create(name, options, settings, (all) =>
      InferenceSession.create(path.join(folder, `${name}.onnx`), all),
    );
  }

  /**
   * Opens a graph whose weights stay in place: the published files are mapped, not copied.
   *
   * What is float16 there is cast each time it is used. That costs time and saves memory: nothing is folded, packed or
   * laid out anew while loading.
   *
   * @throws FailureError as {@link open} does.
   */
  static async ofGraph(graph: Graph, options: NetworkOptions): Promise<Network> {
    const { InferenceSession } = await onnxruntime();
    const [folder, ...others] = new Set(graph.files.map((file) => path.dirname(file)));
    if (folder === undefined || others.length > 0) throw new TypeError(`${graph.name} has its weights in many folders`);
    const settings: InferenceSession.SessionOptions = {
      graphOptimizationLevel: "disabled",
      extra: { session: { model_external_initializers_file_folder_path: folder, disable_prepacking: "1" } },
    };
    const model = encodeModel(graph.describe());
    return Network.#create(graph.name, options, settings, (all) => InferenceSession.create(model, all));
  }

  /**
   * Opens an ONNX file held in memory, whose weights are inputs or within itself.
   *
   * @throws FailureError as {@link open} does.
   */
  static async ofModel(name: string, model: Uint8Array, options: NetworkOptions): Promise<Network> {
    const { InferenceSession } = await onnxruntime();
    const settings: InferenceSession.SessionOptions = { graphOptimizationLevel: "all", enableMemPattern: false };
    return Network.#create(name, options, settings, (all) => InferenceSession.create(model, all));
  }

  static async #create(
    name: string,
    { device, threads }: NetworkOptions,
    settings: InferenceSession.SessionOptions,
    create: (options: InferenceSession.SessionOptions) => Promise<InferenceSession>,
  ): Promise<Network> {
    try {
      const session = await create({
        executionProviders: device === "cpu" ? ["cpu"] : [providers[device], "cpu"],
        logSeverityLevel: 3,
        ...(threads > 0 ? { intraOpNumThreads: threads } : {}),
        ...settings,
      });
      return new Network(name, device, session);
    } catch (thrown) {
      throw failureOfRuntime(name, device, thrown);
    }
  }

  /**
   * Runs once. The calling thread is blocked until the end: callers cut long work into several runs.
   *
   * @param fetches outputs wanted; a tensor is written in place, `null` lets the runtime make one.
   * @throws FailureError `runtime-failed`.
   */
  async run(feeds: Tensors, fetches?: Readonly<Record<string, Tensor | null>>): Promise<Tensors> {
    try {
      return fetches === undefined ? await this.#session.run(feeds) : await this.#session.run(feeds, fetches);
    } catch (thrown) {
      throw failureOfRuntime(this.name, "cpu", thrown);
    }
  }

  async dispose(): Promise<void> {
    await this.#session.release();
  }
}

/** The float32 data of a named output. */
export function floats(tensors: Tensors, name: string): Float32Array {
  const data = tensors[name]?.data;
  if (!(data instanceof Float32Array)) throw new TypeError(`${name} is no float32 output`);
  return data;
}

/** How the runtime says that it got no memory, with the bytes asked for where it tells them. */
const noMemory = /bad[_ ]alloc|Failed to allocate memory(?: for requested buffer of size (\d+))?/;

function failureOfRuntime(network: string, device: ChosenDevice, thrown: unknown): FailureError {
  const message = messageOf(thrown);
  const short = noMemory.exec(message);
  if (short !== null) {
    const available = availableBytes();
    const neededBytes = Math.max(Number(short[1] ?? 0), available);
    return new FailureError({ code: "out-of-memory", neededBytes, availableBytes: available }, { cause: thrown });
  }
  return new FailureError(
    device === "cpu"
      ? { code: "runtime-failed", network, message }
      : { code: "device-unavailable", device, reason: message },
    { cause: thrown },
  );
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/**
 * From how many positions on a prompt is read layer by layer (`prompt-reader.ts`) on this machine.
 *
 * Processors differ in how much faster they multiply bytes than four-bit codes, and unpacking costs the same for any
 * number of positions. So both ways are timed once over a few positions, and the answer is remembered.
 */
import { recallDevices, rememberDevice } from "./device-memory";
import { KeyValueCache } from "./key-value-cache";
import { LanguageModel, type LanguageModelShape, type LongPrompts } from "./language-model";
import type { Network } from "./network";
import { onnxruntime } from "./onnxruntime";
import type { PromptReader } from "./prompt-reader";

/** Enough for the products of integers to show what they can, and soon over. */
const positions = 64;
/** Brings the network's weights into reach before it is timed. */
const warmingPositions = 4;
/** How many times as fast it must be, so that a measurement's luck does not decide. */
const leastGain = 1.1;

export interface ReadingTrial {
  /** The decoder, open on the CPU. */
  readonly network: Network;
  readonly shape: LanguageModelShape;
  readonly reader: PromptReader;
}

/**
 * @param memory file that keeps the choice for each network.
 * @param key names the network and all that the choice depends on.
 */
export async function chooseReading(
  memory: string,
  key: string,
  trial: ReadingTrial,
): Promise<LongPrompts | undefined> {
  const known = (await recallDevices(memory))[key];
  const from = known?.longFrom ?? (await timeReading(trial));
  if (known?.longFrom === undefined) {
    await remember(memory, key, { ...(known ?? { device: "cpu" }), longFrom: from });
  }
  return from === 0 ? undefined : { reader: trial.reader, from };
}

/** Where nothing can be written both ways are timed at each load: no reason to refuse one. */
async function remember(...choice: Parameters<typeof rememberDevice>): Promise<void> {
  try {
    await rememberDevice(...choice);
  } catch (thrown) {
    if (!(thrown instanceof Error && "syscall" in thrown)) throw thrown;
  }
}

/** @returns positions from which on the reader is faster; 0 where it never is. */
async function timeReading({ network, shape, reader }: ReadingTrial): Promise<number> {
  const runtime = await onnxruntime();
  const identities = Array.from({ length: positions }, (_, i) => i);
  const embeddings = Float32Array.from({ length: positions * shape.hiddenSize }, (_, i) => Math.sin(i * 1.7) * 0.05);
  const model = new LanguageModel(network, runtime, shape);
  const few = embeddings.subarray(0, warmingPositions * shape.hiddenSize);
  await model.run({ identities: identities.slice(0, warmingPositions), embeddings: few }, 0);
  model.cache.truncate(0);
  let started = performance.now();
  await model.run({ identities, embeddings }, 0);
  const plain = performance.now() - started;
  started = performance.now();
  const weights = await reader.read(identities, embeddings, new KeyValueCache(runtime, shape));
  const layers = performance.now() - started - weights;
  return breakEven(plain / positions, weights, layers / positions);
}

/** Where weights + each · n falls below plain · n. */
function breakEven(plain: number, weights: number, each: number): number {
  const gained = plain / leastGain - each;
  return gained <= 0 ? 0 : Math.ceil(weights / gained);
}

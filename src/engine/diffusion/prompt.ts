/**
 * A prompt as the UNet is told it.
 *
 * Source: huggingface/diffusers, pipelines/stable_diffusion/pipeline_stable_diffusion.py and
 * pipelines/stable_diffusion_xl/pipeline_stable_diffusion_xl.py (`encode_prompt`).
 */
import { Graph } from "../graph/graph";
import { clipText } from "../networks/clip-text";
import { floats, type Tensors } from "../runtime/network";
import { onnxruntime } from "../runtime/onnxruntime";
import type { Networks } from "./networks";
import type { PipelineFolder, TextEncoder } from "./pipeline-folder";

export interface PromptEmbeddings {
  /** [tokens, width]; SDXL: both encoders side by side. */
  readonly hidden: Float32Array;
  /** SDXL: of the second encoder, [pooled]. */
  readonly pooled: Float32Array | undefined;
  /** Tokens of the text that did not fit. */
  readonly leftOut: number;
}

/** Running one prompt through a text encoder takes no more. */
const workBytes = 64 * 2 ** 20;

export async function encodePrompt(
  folder: PipelineFolder,
  networks: Networks,
  text: string,
): Promise<PromptEmbeddings> {
  const output = folder.kind === "sdxl" ? "penultimate" : "last_hidden_state";
  const parts: Float32Array[] = [];
  let pooled: Float32Array | undefined;
  let leftOut = 0;
  for (const encoder of folder.textEncoders) {
    const { outputs, leftOut: own } = await run(encoder, networks, text);
    parts.push(floats(outputs, output));
    if (encoder.config.projectionWidth !== undefined) pooled = floats(outputs, "text_embeds");
    leftOut = Math.max(leftOut, own);
  }
  const [first] = folder.textEncoders;
  return { hidden: sideBySide(parts, first?.tokens ?? 1), pooled, leftOut };
}

/** What stands for "nothing" where SDXL is given no negative prompt. */
export function zeroEmbeddings({ hidden, pooled }: PromptEmbeddings): PromptEmbeddings {
  return {
    hidden: new Float32Array(hidden.length),
    pooled: pooled === undefined ? undefined : new Float32Array(pooled.length),
    leftOut: 0,
  };
}

async function run(
  encoder: TextEncoder,
  networks: Networks,
  text: string,
): Promise<{ outputs: Tensors; leftOut: number }> {
  const { name, config, weights, tokenizer, tokens } = encoder;
  const network = await networks.use(name, workBytes, () => {
    const g = new Graph(name, { weightsInPlace: true });
    const { lastHiddenState, penultimate, textEmbeddings } = clipText(g, weights, config, tokens);
    g.output("last_hidden_state", lastHiddenState);
    g.output("penultimate", penultimate);
    if (textEmbeddings !== undefined) g.output("text_embeds", textEmbeddings);
    return g;
  });
  const { ids, end, leftOut } = tokenizer.encode(text, tokens);
  const { Tensor } = await onnxruntime();
  const feeds = {
    input_ids: new Tensor("int64", BigInt64Array.from(ids, BigInt), [1, tokens]),
    ...(config.projectionWidth === undefined
      ? {}
      : { end_position: new Tensor("int64", BigInt64Array.of(BigInt(end)), [1]) }),
  };
  return { outputs: await network.run(feeds), leftOut };
}

/** [rows, a] and [rows, b] to [rows, a + b]. */
function sideBySide(parts: readonly Float32Array[], rows: number): Float32Array {
  const [first] = parts;
  if (first !== undefined && parts.length === 1) return first;
  const joined = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  const width = joined.length / rows;
  let column = 0;
  for (const part of parts) {
    const own = part.length / rows;
    for (let row = 0; row < rows; row++) {
      joined.set(part.subarray(row * own, (row + 1) * own), row * width + column);
    }
    column += own;
  }
  return joined;
}

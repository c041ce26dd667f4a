/**
 * Tells the kind of an image from its visual tokens, the words read in it and where they stand. The starter is told it in
 * the prompt, because its language model weighs these poorly against each other. Trained by `training/kind_stage.py`.
 */
import { FailureError } from "../../shared/failure";
import { type ReadImage, textLayout, wordBuckets } from "../text/text-layout";
import { toFloat32 } from "../weights/convert";
import { InputFile } from "../weights/input-file";
import { openSafetensors } from "../weights/safetensors";

/** Kinds in the order of the reader's answers; each is its word in the prompt. */
const kinds = ["code", "terminal", "chart", "diagram", "ui", "icon", "document", "photo", "table"] as const;

export type ImageKind = (typeof kinds)[number];

/** What is known of an image when its kind is asked for. */
export interface Looked extends ReadImage {
  /** Visual tokens [tokens, D] */
  readonly embeddings: Float32Array;
}

/** A matrix [rows, columns]. */
interface Matrix {
  readonly values: Float32Array;
  readonly columns: number;
}

interface Affine {
  readonly weight: Matrix;
  readonly bias: Float32Array;
}

/** What is subtracted from an input, what it is divided by, and what narrows it. */
interface Measured extends Affine {
  readonly mean: Float32Array;
  readonly deviation: Float32Array;
}

/** Inputs are at most so many deviations from their mean. */
const furthest = 4;

export class KindReader {
  readonly #words: Matrix;
  readonly #layout: Measured;
  readonly #visual: Measured;
  readonly #hidden: Affine;
  readonly #kinds: Affine;

  private constructor(read: (name: string) => Matrix) {
    const affine = (name: string): Affine => ({ weight: read(`${name}.weight`), bias: read(`${name}.bias`).values });
    const measured = (name: string): Measured => ({
      ...affine(name),
      mean: read(`${name}_mean`).values,
      deviation: read(`${name}_deviation`).values,
    });
    this.#words = read("words.weight");
    this.#layout = measured("layout");
    this.#visual = measured("visual");
    this.#hidden = affine("hidden");
    this.#kinds = affine("kinds");
  }

  /** @throws FailureError of the file; `weight-missing`. */
  static async read(file: string): Promise<KindReader> {
    const checkpoint = await openSafetensors(file);
    const input = await InputFile.open(file);
    try {
      const tensors = new Map<string, Matrix>();
      for (const name of checkpoint.names) {
        const tensor = checkpoint.get(name);
        if (tensor?.type !== "float32") continue;
        const bytes = await input.read(tensor.offset, tensor.byteLength);
        tensors.set(name, { values: toFloat32(bytes, "float32"), columns: tensor.dims.at(-1) ?? 1 });
      }
      return new KindReader((name) => {
        const found = tensors.get(name);
        if (found === undefined) throw new FailureError({ code: "weight-missing", tensor: name, file });
        return found;
      });
    } finally {
      await input.close();
    }
  }

  /** The most probable kind. */
  kindOf(looked: Looked): ImageKind {
    const scores = this.scores(looked);
    let best = 0;
    for (const [index, score] of scores.entries()) if (score > (scores[best] ?? 0)) best = index;
    return kinds[best] ?? "photo";
  }

  /** A logit for each of the kinds. */
  scores({ embeddings, ...read }: Looked): Float32Array {
    const buckets = this.#words.values.length / this.#words.columns;
    const words = meanOfRows(
      this.#words,
      wordBuckets(
        read.lines.map(({ text }) => text),
        buckets,
      ),
    );
    const layout = narrowed(this.#layout, Float32Array.from(textLayout(read)));
    const visual = narrowed(this.#visual, pooled(embeddings, this.#visual.mean.length / 2));
    const hidden = apply(this.#hidden, Float32Array.of(...words, ...layout, ...visual).map(Math.tanh)).map((x) =>
      Math.max(0, x),
    );
    return apply(this.#kinds, hidden);
  }
}

function meanOfRows({ values, columns }: Matrix, rows: readonly number[]): Float32Array {
  const sum = new Float32Array(columns);
  for (const row of rows) for (let c = 0; c < columns; c++) sum[c] = (sum[c] ?? 0) + (values[row * columns + c] ?? 0);
  return rows.length === 0 ? sum : sum.map((value) => value / rows.length);
}

function narrowed({ mean, deviation, ...affine }: Measured, input: Float32Array): Float32Array {
  const standard = input.map((value, i) => {
    const far = (value - (mean[i] ?? 0)) / (deviation[i] ?? 1);
    return Math.min(furthest, Math.max(-furthest, far));
  });
  return apply(affine, standard);
}

function apply({ weight: { values, columns }, bias }: Affine, input: Float32Array): Float32Array {
  return bias.map((start, row) =>
    input.reduce((sum, value, c) => sum + value * (values[row * columns + c] ?? 0), start),
  );
}

/** Mean and maximum over [tokens, width]: [2 · width]. */
function pooled(tokens: Float32Array, width: number): Float32Array {
  const result = new Float32Array(2 * width).fill(-Infinity, width);
  const count = tokens.length / width;
  for (let at = 0; at < tokens.length; at++) {
    const column = at % width;
    const value = tokens[at] ?? 0;
    result[column] = (result[column] ?? 0) + value / count;
    result[width + column] = Math.max(result[width + column] ?? 0, value);
  }
  return result;
}

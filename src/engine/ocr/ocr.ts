/** Reads the text of an image with the PaddleOCR networks in `media/ocr`. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import type * as OnnxRuntime from "onnxruntime-node";
import { FailureError } from "../../shared/failure";
import type { OcrLine } from "../../shared/protocol";
import type { RgbImage } from "../image/decode";
import { breatheWith, detectText, type Network } from "./detect";
import { loadRuntime } from "./native";
import { inReadingOrder } from "./order";
import { readEachWay } from "./orientation";
import { recogniseLines } from "./recognise";

/** Less certain lines are icons, textures and rulers more often than text. */
const minConfidence = 0.5;

export class Ocr {
  readonly #detection: Network;
  readonly #recognition: Network;
  readonly #characters: readonly string[];

  private constructor(detection: Network, recognition: Network, characters: readonly string[]) {
    this.#detection = detection;
    this.#recognition = recognition;
    this.#characters = characters;
  }

  /**
   * Loads both networks. `threads` 0 lets the runtime choose.
   * @throws FailureError `engine-native`, `file-missing`, `file-unreadable` or `runtime-failed`.
   */
  static async create(options: { threads: number; modelFolder: string }): Promise<Ocr> {
    const runtime = await loadRuntime();
    const file = (name: string) => path.join(options.modelFolder, name);
    const characters = (await readModelFile(file("characters.txt"))).toString("utf8").split("\n").slice(0, -1);
    const detection = await loadNetwork(runtime, file("detection.onnx"), options.threads);
    try {
      const recognition = await loadNetwork(runtime, file("recognition.onnx"), options.threads, {
        extra: (await saturates(runtime, file("saturation.onnx"))) ? { session: { x64quantprecision: "1" } } : {},
      });
      // Class 0 is the blank, and the class after the last character of the file is the space.
      return new Ocr(detection, recognition, [...characters, " "]);
    } catch (thrown) {
      await detection.session.release();
      throw thrown;
    }
  }

  /**
   * The lines of text in reading order, with boxes in pixels of the image. `onProgress` counts lines of text.
   * @throws FailureError `cancelled` or `runtime-failed`.
   */
  async read(
    image: RgbImage,
    signal?: AbortSignal,
    onProgress?: (done: number, total: number) => void,
  ): Promise<readonly OcrLine[]> {
    const breathe = breatheWith(signal);
    const rectangles = await asRuntimeFailure("text detection", () => detectText(this.#detection, image, breathe));
    let done = 0;
    const pieces = await asRuntimeFailure("text recognition", () =>
      readEachWay(rectangles, (ways) =>
        recogniseLines(this.#recognition, this.#characters, image, ways, breathe, (read) => {
          done = Math.max(done, Math.floor((rectangles.length * read) / ways.length));
          onProgress?.(done, rectangles.length);
        }),
      ),
    );
    const legible = pieces
      .map((piece) => ({ ...piece, text: piece.text.trim() }))
      .filter(({ text, confidence }) => text !== "" && confidence >= minConfidence);
    return inReadingOrder(legible, image);
  }

  async dispose(): Promise<void> {
    await Promise.all([this.#detection.session.release(), this.#recognition.session.release()]);
  }
}

async function loadNetwork(
  runtime: typeof OnnxRuntime,
  file: string,
  threads: number,
  more: OnnxRuntime.InferenceSession.SessionOptions = {},
): Promise<Network> {
  const bytes = await readModelFile(file);
  const session = await asRuntimeFailure(path.basename(file), () =>
    runtime.InferenceSession.create(bytes, {
      intraOpNumThreads: threads,
      graphOptimizationLevel: "all",
      // Shapes change with every image: a pattern of one run's memory would not fit the next.
      enableMemPattern: false,
      ...more,
    }),
  );
  return { session, Tensor: runtime.Tensor };
}

/**
 * Whether this processor's sums of two 8-bit products stop at 16 bits, as AVX2's do: the runtime then has to take a
 * slower way that is exact. `file` is a convolution whose outputs are 200 where nothing is lost.
 */
async function saturates(runtime: typeof OnnxRuntime, file: string): Promise<boolean> {
  const { session } = await loadNetwork(runtime, file, 1);
  try {
    const x = new runtime.Tensor("uint8", new Uint8Array(64 * 16).fill(255), [1, 64, 4, 4]);
    const { y } = await session.run({ x });
    return !(y?.data instanceof Uint8Array) || y.data.some((value) => value !== 200);
  } finally {
    await session.release();
  }
}

async function readModelFile(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (thrown) {
    if (thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT") {
      throw new FailureError({ code: "file-missing", file }, { cause: thrown });
    }
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw new FailureError({ code: "file-unreadable", file, reason }, { cause: thrown });
  }
}

async function asRuntimeFailure<Result>(network: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (thrown) {
    if (thrown instanceof FailureError) throw thrown;
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    throw new FailureError({ code: "runtime-failed", network, message }, { cause: thrown });
  }
}

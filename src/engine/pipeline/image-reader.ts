/** Images as the pipeline takes them: decoded, and their text read. Both are kept by content. */
import type { ImageSource, OcrLine } from "../../shared/protocol";
import { decodeImage, type RgbImage } from "../image/decode";
import { Ocr } from "../ocr/ocr";
import { ContentCache } from "./content-cache";

const imageBudget = 256 * 2 ** 20;
const textBudget = 8 * 2 ** 20;

export class ImageReader {
  /** Threads for the text recogniser; 0 lets the runtime choose. */
  threads = 0;
  readonly #ocrFolder: string;
  readonly #lines = new ContentCache<readonly OcrLine[]>(textBudget);
  readonly #images = new ContentCache<RgbImage>(imageBudget);
  #ocr: Ocr | undefined;

  /** @param ocrFolder holds the text recogniser's networks. */
  constructor(ocrFolder: string) {
    this.#ocrFolder = ocrFolder;
  }

  async decode(source: ImageSource, signal: AbortSignal | undefined): Promise<RgbImage> {
    const image = await decodeImage(source, signal);
    const kept = this.#images.get(image.hash);
    if (kept !== undefined) return { ...kept, name: source.name };
    this.#images.set(image.hash, image, image.data.length);
    return image;
  }

  /** Lines of text in reading order. */
  async read(
    image: RgbImage,
    signal: AbortSignal | undefined,
    onProgress?: (done: number, total: number) => void,
  ): Promise<readonly OcrLine[]> {
    const kept = this.#lines.get(image.hash);
    if (kept !== undefined) return kept;
    this.#ocr ??= await Ocr.create({ threads: this.threads, modelFolder: this.#ocrFolder });
    const lines = await this.#ocr.read(image, signal, onProgress);
    this.#lines.set(image.hash, lines, JSON.stringify(lines).length * 2);
    return lines;
  }

  /** Gives the recogniser's memory back; what was read is kept. */
  async unload(): Promise<void> {
    const ocr = this.#ocr;
    this.#ocr = undefined;
    await ocr?.dispose();
  }
}

/** The engine's side of drawing: one pipeline kept ready, another one opened when another folder is asked for. */
import path from "node:path";
import { failureOf, FailureError } from "../../shared/failure";
import type { GenerateParams, GenerateResult } from "../../shared/generate-protocol";
import type { Device } from "../../shared/protocol";
import { type DrawOptions, Illustrator } from "../diffusion/illustrator";
import { packageRoot } from "../platform/package-root";
import type { ChosenDevice } from "../runtime/network";

/** The illustrator that ships with the extension. */
export const embeddedIllustrator = (): string => path.join(packageRoot(), "media", "illustrator");

export class Drawing {
  readonly #makeRoom: () => Promise<void>;
  #illustrator: Illustrator | undefined;
  #key: string | undefined;

  /** @param makeRoom gives back the memory of other models. */
  constructor(makeRoom: () => Promise<void>) {
    this.#makeRoom = makeRoom;
  }

  get isOpen(): boolean {
    return this.#illustrator !== undefined;
  }

  /**
   * @throws FailureError `illustrator-missing` where the embedded one is not there, those of opening a pipeline and of
   *   drawing. After a failure the pipeline is as it was: the next request can use it.
   */
  async draw(params: GenerateParams, options: DrawOptions): Promise<GenerateResult> {
    const started = performance.now();
    options.onPart({ kind: "stage", stage: "reading", done: 0, total: 1 });
    const device = deviceOf(params.device);
    try {
      return await this.#drawOn(device, params, options, started);
    } catch (thrown) {
      if (device === "cpu" || failureOf(thrown).code !== "device-unavailable") throw thrown;
      return this.#drawOn("cpu", params, options, started);
    }
  }

  /** Lets go of the pipeline; its networks are open only while it draws. */
  close(): void {
    this.#illustrator = undefined;
    this.#key = undefined;
  }

  async #drawOn(
    device: ChosenDevice,
    params: GenerateParams,
    options: DrawOptions,
    started: number,
  ): Promise<GenerateResult> {
    const key = JSON.stringify([params.model, device, params.threads]);
    if (this.#illustrator === undefined || key !== this.#key) {
      this.close();
      this.#illustrator = await this.#open(device, params);
      this.#key = key;
    }
    const opened = performance.now() - started;
    const result = await this.#illustrator.draw(params, options);
    const { timings } = result;
    return { ...result, timings: { ...timings, load: timings.load + opened, total: timings.total + opened } };
  }

  async #open(device: ChosenDevice, { model, threads }: GenerateParams): Promise<Illustrator> {
    try {
      return await Illustrator.open(model, { device, threads, makeRoom: this.#makeRoom });
    } catch (thrown) {
      if (failureOf(thrown).code !== "model-folder-missing" || path.resolve(model) !== embeddedIllustrator())
        throw thrown;
      throw new FailureError({ code: "illustrator-missing", folder: model }, { cause: thrown });
    }
  }
}

/** Only the CPU is known to draw right everywhere; another device is used where it is asked for by name. */
const deviceOf = (device: Device): ChosenDevice => (device === "auto" ? "cpu" : device);

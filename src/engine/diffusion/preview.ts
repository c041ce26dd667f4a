/**
 * Small pictures of unfinished latents: each of the latents as one pixel, by a linear map.
 *
 * The map is asked of the autoencoder itself, once: what colour it makes of no latents, and of each channel alone. So
 * it fits any autoencoder, and costs some runs at the smallest size.
 */
import type { LatentPreview } from "../../shared/generate-protocol";
import type { AutoencoderConfig } from "../model/autoencoder-config";
import type { Network } from "../runtime/network";
import { decodeLatents, type LatentSize } from "./autoencoder";

/** Latents of a probe: large enough to have an inside. */
export const probeSize: LatentSize = { height: 4, width: 4 };

type Colour = readonly [red: number, green: number, blue: number];

export class Previewer {
  readonly #base: Colour;
  /** Change of colour for each unit of each channel. */
  readonly #slopes: readonly Colour[];

  private constructor(base: Colour, slopes: readonly Colour[]) {
    this.#base = base;
    this.#slopes = slopes;
  }

  /** @param decoder at {@link probeSize} */
  static async calibrate(decoder: Network, config: AutoencoderConfig): Promise<Previewer> {
    const cells = probeSize.height * probeSize.width;
    const probe = async (channel: number, value: number): Promise<Colour> => {
      const latents = new Float32Array(config.latentChannels * cells);
      latents.fill(value, channel * cells, (channel + 1) * cells);
      return meanColour(await decodeLatents(decoder, config, latents, probeSize));
    };
    const slopes: Colour[] = [];
    for (let channel = 0; channel < config.latentChannels; channel++) {
      const [above, below] = [await probe(channel, 1), await probe(channel, -1)];
      slopes.push([(above[0] - below[0]) / 2, (above[1] - below[1]) / 2, (above[2] - below[2]) / 2]);
    }
    return new Previewer(await probe(0, 0), slopes);
  }

  /** @param latents [C, height, width], as the UNet has them */
  preview(latents: Float32Array, { height, width }: LatentSize): LatentPreview {
    const cells = height * width;
    const rgb = new Uint8ClampedArray(3 * cells);
    for (let cell = 0; cell < cells; cell++) {
      const colour = [...this.#base];
      for (const [channel, slope] of this.#slopes.entries()) {
        const value = latents[channel * cells + cell] ?? 0;
        for (const part of [0, 1, 2] as const) colour[part] = (colour[part] ?? 0) + value * slope[part];
      }
      for (const part of [0, 1, 2] as const) rgb[3 * cell + part] = ((colour[part] ?? 0) / 2 + 0.5) * 255;
    }
    return { width, height, rgb: new Uint8Array(rgb.buffer) };
  }
}

function meanColour(image: Float32Array): Colour {
  const plane = image.length / 3;
  const mean = (channel: number): number =>
    image.subarray(channel * plane, (channel + 1) * plane).reduce((sum, value) => sum + value, 0) / plane;
  return [mean(0), mean(1), mean(2)];
}

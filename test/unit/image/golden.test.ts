/** Pixels of both encoders against the reference's own (test/golden/fixtures/mgm, made by its command line). */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";
import sharp from "sharp";
import { decodeImage } from "../../../src/engine/image/decode";
import { highResolutionPixels, lowResolutionPixels, normalise } from "../../../src/engine/image/preprocess";

const root = path.join(import.meta.dirname, "../../golden/fixtures/mgm");
const mean = [0.48145466, 0.4578275, 0.40821073] as const;
const deviation = [0.26862954, 0.26130258, 0.27577711] as const;

interface GoldenCase {
  readonly case: { readonly ckpt: string; readonly image?: string };
  readonly tensors: Readonly<Record<string, { readonly shape: readonly number[]; readonly stride: number }>>;
}

interface CheckpointConfig {
  readonly image_size_aux: number;
  readonly image_grid: number;
  readonly image_global: boolean;
}

const readJson = (file: string): unknown => JSON.parse(readFileSync(path.join(root, file), "utf8"));

/** The stored values of a float32 tensor: all of it, or every `stride`-th. */
function storedFloats(bytes: Buffer, name: string): Float32Array {
  const headerBytes = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString("utf8", 8, 8 + headerBytes)) as Record<
    string,
    { readonly dtype: string; readonly data_offsets: readonly [number, number] } | undefined
  >;
  const entry = header[`${name}.sample`] ?? header[name];
  assert.equal(entry?.dtype, "F32", name);
  const [begin, end] = entry.data_offsets;
  return new Float32Array(Uint8Array.from(bytes.subarray(8 + headerBytes + begin, 8 + headerBytes + end)).buffer);
}

function largestDifference(found: Float32Array, { expected, stride }: { expected: Float32Array; stride: number }) {
  assert.equal(expected.length, Math.ceil(found.length / stride));
  return expected.reduce((worst, value, i) => Math.max(worst, Math.abs(value - (found[i * stride] ?? Number.NaN))), 0);
}

const cases = readdirSync(path.join(root, "cases"))
  .filter((name) => name.endsWith(".json"))
  .map((name) => name.slice(0, -".json".length))
  .map((name) => ({ name, golden: readJson(`cases/${name}.json`) as GoldenCase }))
  .filter(({ golden }) => golden.case.image !== undefined);

describe("pixels of the reference", () => {
  test("there are golden cases", () => {
    assert.ok(cases.length >= 12, `${cases.length} cases`);
    assert.ok(readdirSync(path.join(root, "cases")).filter((name) => name.endsWith(".png")).length >= 9);
  });

  for (const { name, golden } of cases) {
    test(name, async () => {
      const config = readJson(`checkpoints/${golden.case.ckpt}/config.json`) as CheckpointConfig;
      const { image_size_aux: highSide, image_grid: grid, image_global: global } = config;
      const stored = readFileSync(path.join(root, "cases", `${name}.safetensors`));
      const images = (golden.case.image ?? "").split(",");
      const high: Float32Array[] = [];
      const low: Float32Array[] = [];
      // Each turn of one case was stored apart; there the last path component of the name counts the turn.
      const suffix = golden.tensors["hr_pixels"] === undefined ? ".0" : "";
      const shape = golden.tensors[`lr_pixels${suffix}`]?.shape ?? [];
      const side = shape.at(-1) ?? 0;
      for (const [index, image] of images.entries()) {
        const decoded = await decodeImage({ name: image, data: { kind: "file", file: path.join(root, image) } });
        const pixels = highResolutionPixels(decoded, highSide, "pad");
        const picture = path.join(root, "cases", `${name}.hr_u8.${index}.png`);
        if (existsSync(picture)) {
          const { data, info } = await sharp(picture).raw().toBuffer({ resolveWithObject: true });
          assert.deepEqual([info.width, info.height, info.channels], [highSide, highSide, 3]);
          assert.equal(Buffer.compare(data, pixels), 0, `8-bit pixels of ${image}`);
        }
        const normalised = normalise(pixels, highSide, mean, deviation);
        high.push(normalised);
        low.push(lowResolutionPixels(normalised, highSide, { side, grid, global }));
      }
      for (const [tensor, found] of [
        [`hr_pixels${suffix}`, high],
        [`lr_pixels${suffix}`, low],
      ] as const) {
        const all = new Float32Array(found.reduce((sum, part) => sum + part.length, 0));
        let at = 0;
        for (const part of found) {
          all.set(part, at);
          at += part.length;
        }
        const stride = golden.tensors[tensor]?.stride ?? 1;
        const difference = largestDifference(all, { expected: storedFloats(stored, tensor), stride });
        // The low-resolution side is interpolated in float32 by torch, whose order of sums depends on the machine.
        const tolerance = tensor.startsWith("hr") ? 0 : 5e-7;
        assert.ok(difference <= tolerance, `${tensor} differs by ${difference}`);
      }
    });
  }
});

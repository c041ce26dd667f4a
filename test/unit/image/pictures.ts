/** What the tests of images share. */
import assert from "node:assert/strict";
import path from "node:path";
import { decodeImage, type RgbImage } from "../../../src/engine/image/decode";
import { FailureError, type Failure } from "../../../src/shared/failure";
import type { ImagePart } from "../../../src/shared/protocol";

export const fixture = (name: string): string => path.join(import.meta.dirname, "fixtures", name);

export const decodeFile = (file: string, signal?: AbortSignal): Promise<RgbImage> =>
  decodeImage({ name: path.basename(file), data: { kind: "file", file } }, signal);

export const decodeBytes = (bytes: Uint8Array | string, crop?: ImagePart): Promise<RgbImage> =>
  decodeImage({ name: "picture", data: { kind: "bytes", bytes: Buffer.from(bytes) }, crop });

export type Colour = readonly [red: number, green: number, blue: number];

export function pixelAt({ data, width }: RgbImage, x: number, y: number): Colour {
  const at = (y * width + x) * 3;
  return [data[at] ?? -1, data[at + 1] ?? -1, data[at + 2] ?? -1];
}

export function assertNear(found: Colour, expected: Colour, { within, what }: { within: number; what: string }): void {
  const near = found.every((value, i) => Math.abs(value - (expected[i] ?? Number.NaN)) <= within);
  assert.ok(near, `${what}: ${found.join(" ")} instead of ${expected.join(" ")}`);
}

/** The failure that decoding ends in. */
export async function failureOfDecoding(work: Promise<RgbImage>): Promise<Failure> {
  try {
    const { width, height } = await work;
    assert.fail(`decoded to ${width}×${height}`);
  } catch (thrown) {
    if (thrown instanceof FailureError) return thrown.failure;
    throw thrown;
  }
}

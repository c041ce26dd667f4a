import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { describe, it } from "node:test";
import { KindReader, type Looked } from "../../../src/engine/pipeline/kind-reader";
import { FailureError } from "../../../src/shared/failure";

const media = path.join(__dirname, "..", "..", "..", "media", "kind-reader.safetensors");
const width = 576;

interface Example {
  readonly size: readonly [number, number];
  readonly lines: readonly { readonly text: string; readonly box: readonly [number, number, number, number] }[];
  readonly errors: number;
}

async function json(...file: readonly string[]): Promise<unknown> {
  return JSON.parse(await readFile(path.join(__dirname, ...file), "utf8"));
}

function looked({ size: [across, down], lines, errors }: Example, number: number): Looked {
  return {
    width: across,
    height: down,
    errors,
    lines: lines.map(({ text, box: [left, top, right, bottom] }) => ({
      text,
      box: [
        [left, top],
        [right, top],
        [right, bottom],
        [left, bottom],
      ] as const,
    })),
    embeddings: Float32Array.from({ length: 2 * width }, (_, i) => Math.sin(i * (number + 1))),
  };
}

void describe("KindReader", () => {
  void it("says of the examples what training says (training/kind_stage.py)", async () => {
    const reader = await KindReader.read(media);
    const examples = (await json("..", "text", "text-layout.examples.json")) as Example[];
    const expected = (await json("kind-reader.examples.json")) as number[][];
    for (const [number, example] of examples.entries()) {
      const scores = reader.scores(looked(example, number));
      assert.equal(scores.length, expected[number]?.length);
      for (const [i, score] of scores.entries()) {
        assert.ok(Math.abs(score - (expected[number]?.[i] ?? NaN)) < 2e-3, `example ${number + 1}, kind ${i}`);
      }
    }
  });

  void it("names the tensor that a file lacks", async () => {
    const folder = await mkdtemp(path.join(os.tmpdir(), "kind-reader-"));
    const file = path.join(folder, "empty.safetensors");
    const header = Buffer.from("{}      ");
    await writeFile(file, Buffer.concat([Buffer.from([8, 0, 0, 0, 0, 0, 0, 0]), header]));
    try {
      await assert.rejects(
        KindReader.read(file),
        (thrown) => thrown instanceof FailureError && thrown.failure.code === "weight-missing",
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

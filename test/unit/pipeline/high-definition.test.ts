/** An HD checkpoint with and without its HD views. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, describe, it } from "node:test";
import { loadModel } from "../../../src/engine/pipeline/load-model";

const fixtures = path.join(import.meta.dirname, "../../golden/fixtures/mgm");
const preparedRoot = mkdtempSync(path.join(os.tmpdir(), "high-definition-"));
after(() => {
  rmSync(preparedRoot, { recursive: true, force: true });
});

async function visualTokens(checkpoint: string, highDefinition: boolean | undefined): Promise<number | null> {
  const model = await loadModel({
    model: path.join(fixtures, "checkpoints", checkpoint),
    encoders: path.join(fixtures, "encoders"),
    ...{ precision: "f32", highDefinition, preparedRoot, device: "cpu", threads: 1 },
  });
  const { visualTokensPerImage } = model.loaded;
  await model.dispose();
  return visualTokensPerImage;
}

describe("HD checkpoints", () => {
  it("look at five views, or at one where that is asked for", async () => {
    const five = await visualTokens("MGM-7B-HD-small", undefined);
    const one = await visualTokens("MGM-7B-HD-small", false);
    assert.ok(five !== null && one !== null);
    assert.equal(five, 5 * one);
    assert.equal(await visualTokens("MGM-7B-HD-small", true), five, "both are kept, side by side");
  });

  it("and others are the same either way", async () => {
    assert.equal(await visualTokens("MGM-2B", false), await visualTokens("MGM-2B", true));
  });
});

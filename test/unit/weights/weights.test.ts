import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { openSafetensors } from "../../../src/engine/weights/safetensors";
import { Weights } from "../../../src/engine/weights/weights";
import { failsWith, temporaryFolder, writeCountingTensors } from "./files";

test("tensors are taken by published names, with their shapes", async (t) => {
  const file = path.join(await temporaryFolder(t), "model.safetensors");
  await writeCountingTensors(file, {
    "model.layers.0.weight": [2, 3],
    "model.layers.0.bias": [2],
    "model.layers.10.weight": [1],
    "head.weight": [2],
  });
  const weights = new Weights(await openSafetensors(file));
  const layer = weights.at("model").at("layers").at(0);
  assert.ok(layer.has("weight"));
  assert.ok(!layer.has("gamma"));
  assert.deepEqual(layer.tensor("weight", [2, 3]).dims, [2, 3]);
  assert.throws(
    () => layer.tensor("gamma", [2]),
    failsWith({ code: "weight-missing", tensor: "model.layers.0.gamma", file }),
  );
  assert.throws(
    () => layer.tensor("bias", [3]),
    failsWith({ code: "weight-shape", tensor: "model.layers.0.bias", expected: [3], found: [2] }),
  );
  assert.throws(() => layer.tensor("bias", [2, 1]), failsWith({ code: "weight-shape" }));
  assert.deepEqual(layer.untaken(), ["model.layers.0.bias"]);
  assert.deepEqual(weights.at("model.layers").at(1).untaken(), [], "layer 10 is not inside layer 1");
  weights.tensor("head.weight", [2]);
  assert.deepEqual(weights.untaken(), ["model.layers.0.bias", "model.layers.10.weight"]);
});

/**
 * Every network against the values of the reference's own command line (fixtures/mgm): from pixels to logits and
 * tokens, through the very files that are prepared for use, in float32.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { caseNames, compare, dump, readCase, variant } from "./cases";

describe("networks against the reference", () => {
  test("there are 13 cases", () => {
    assert.equal(caseNames.length, 13);
  });

  for (const name of caseNames) {
    test(name, async (context) => {
      const golden = readCase(name);
      const tanh =
        golden.case.gelu_tanh === true
          ? variant(golden.case.ckpt, { hidden_activation: "gelu_pytorch_tanh" })
          : undefined;
      for (const turn of golden.case.inputs.keys()) {
        const difference = compare(golden, turn, (await dump(golden, turn, { checkpoint: tanh })).tensors);
        context.diagnostic(`logits differ by ${difference.toExponential(1)} at most`);
      }
    });
  }

  test("from pytorch_model.bin instead of safetensors", async () => {
    const golden = readCase("7b-image-real-resolution");
    const checkpoint = variant(golden.case.ckpt, {}, /safetensors/);
    compare(golden, 0, (await dump(golden, 0, { checkpoint })).tensors);
  });
});

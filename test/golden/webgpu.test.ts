/**
 * WebGPU against the reference, on SwiftShader: a Vulkan driver that needs no GPU, which Debian's chromium brings.
 * Thousands of times slower than a GPU, so only tiny checkpoints can be tried.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";

const folder = process.env["MINI_GEMINI_SWIFTSHADER"] ?? "/usr/lib/chromium";
const driver = path.join(folder, "vk_swiftshader_icd.json");
const skip =
  process.platform !== "linux"
    ? "SwiftShader is tried on Linux only"
    : [driver, path.join(folder, "libvulkan.so.1")].every((file) => existsSync(file))
      ? false
      : `no SwiftShader in ${folder}`;

interface Outcome {
  readonly device: string;
  readonly notices: readonly { readonly code: string; readonly reason?: string }[];
  /** Of logits, where WebGPU was used. */
  readonly difference?: number;
}

function run(name: string, environment: NodeJS.ProcessEnv): Outcome {
  // The child is no test of its own: it must not report to this one's runner.
  const inherited = { ...process.env, NODE_TEST_CONTEXT: undefined };
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--import", "tsx", path.join(import.meta.dirname, "webgpu-case.ts"), name],
    { env: { ...inherited, ...environment }, encoding: "utf8" },
  );
  assert.equal(status, 0, stderr);
  return JSON.parse(/^\{.*\}$/m.exec(stdout)?.[0] ?? "") as Outcome;
}

describe("WebGPU", () => {
  for (const name of ["2b-image", "8b-llama3"]) {
    test(`${name} on SwiftShader`, { skip }, (context) => {
      const { device, notices, difference } = run(name, { VK_DRIVER_FILES: driver, LD_LIBRARY_PATH: folder });
      assert.deepEqual({ device, notices }, { device: "webgpu", notices: [] });
      context.diagnostic(`logits differ by ${Number(difference).toExponential(1)} at most`);
    });
  }

  test("without a driver the CPU answers, with one notice", { skip: process.platform !== "linux" }, () => {
    const nowhere = path.join(import.meta.dirname, "no-such-driver.json");
    const { device, notices } = run("2b-image", { VK_DRIVER_FILES: nowhere, VK_ICD_FILENAMES: nowhere });
    assert.equal(device, "cpu");
    assert.equal(notices.length, 1);
    assert.equal(notices[0]?.code, "device-fell-back");
    assert.match(notices[0].reason ?? "", /adapter/i);
  });
});

/** Tables of every scheduler, the noise schedule and torch's random numbers, against what diffusers and torch gave. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { describe, test } from "node:test";
import { alphasCumprod } from "../../../src/engine/diffusion/noise-schedule";
import { createScheduler, readScheduler } from "../../../src/engine/diffusion/read-scheduler";
import { TorchRandom } from "../../../src/engine/diffusion/torch-random";
import { fixtures, largestDifference, readTensors } from "./fixtures";

interface Table {
  readonly name: string;
  readonly steps: number;
  readonly cls: string;
  readonly config: object;
  readonly timesteps: readonly number[];
  readonly sigmas?: readonly number[];
  readonly init_noise_sigma: number;
}

const read = async <T>(name: string): Promise<T> =>
  JSON.parse((await readFile(path.join(fixtures, name), "utf8")).replaceAll("-Infinity", "null")) as T;

describe("schedulers visit the steps that diffusers visits", async () => {
  for (const table of await read<Table[]>("scheduler_tables.json")) {
    test(`${table.name}, ${table.steps} steps`, async () => {
      const folder = await mkdtemp(path.join(os.tmpdir(), "scheduler-"));
      try {
        const file = path.join(folder, "scheduler_config.json");
        await writeFile(
          file,
          JSON.stringify({ ...table.config, _class_name: table.cls }).replace('clipped":null', 'clipped":-Infinity'),
        );
        const scheduler = createScheduler(await readScheduler(folder), table.steps);
        assert.ok(largestDifference(scheduler.timesteps, table.timesteps) < 1e-3, String(scheduler.timesteps));
        assert.ok(Math.abs(scheduler.initialNoise / table.init_noise_sigma - 1) < 1e-5, String(scheduler.initialNoise));
        assert.equal(scheduler.sigmas === undefined, table.sigmas === undefined);
        for (const [step, sigma] of (table.sigmas ?? []).entries()) {
          assert.ok(Math.abs((scheduler.sigmas?.[step] ?? NaN) - sigma) <= 1e-5 * sigma, `σ of step ${step}`);
        }
      } finally {
        await rm(folder, { recursive: true });
      }
    });
  }
});

test("the noise schedule is that of training, also rescaled to end without any picture", async () => {
  const stored = await readTensors(path.join(fixtures, "noise_schedule.safetensors"));
  const base = { trainSteps: 1000, betaSchedule: "scaled_linear", betaStart: 0.00085, betaEnd: 0.012 } as const;
  const plain = alphasCumprod({ ...base, zeroTerminalSnr: false });
  assert.ok(largestDifference(plain, stored.get("alphas_cumprod")) < 1e-7);
  const rescaled = alphasCumprod({ ...base, zeroTerminalSnr: true });
  assert.ok(largestDifference(rescaled, stored.get("alphas_cumprod_zsnr")) < 1e-6);
});

describe("normal numbers are torch's", async () => {
  const cases = await read<{ seed: number; n: number; values: number[] }[]>("rng_torch_cpu_randn.json");
  for (const { seed, n, values } of cases) {
    test(`seed ${seed}, ${n} numbers`, () => {
      assert.ok(largestDifference(new TorchRandom(seed).normals(n), values) < 2e-6);
    });
  }
});

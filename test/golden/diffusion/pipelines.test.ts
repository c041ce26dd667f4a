/** Whole pipelines against diffusers: prompts, each step, all steps from a seed, pictures; and the command line. */
import assert from "node:assert/strict";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { decodeLatents, decoderGraph, encodeImage, encoderGraph } from "../../../src/engine/diffusion/autoencoder";
import { openPipelineFolder, type PipelineFolder } from "../../../src/engine/diffusion/pipeline-folder";
import { readScheduler } from "../../../src/engine/diffusion/read-scheduler";
import { readAutoencoderConfig } from "../../../src/engine/model/autoencoder-config";
import { Network } from "../../../src/engine/runtime/network";
import { loadClipTokenizer } from "../../../src/engine/text/clip-tokenizer";
import { openNetworkWeights } from "../../../src/engine/weights/checkpoint";
import { Weights } from "../../../src/engine/weights/weights";
import { fixtures, largestDifference, readTensors } from "./fixtures";
import { pipelineNames, removePipeline, unpackPipeline } from "./pipelines";
import { readCase, runCase } from "./run-case";

const tolerance = 1e-3;
const cpu = { device: "cpu", threads: 1 } as const;

for (const name of pipelineNames) {
  describe(name, async () => {
    const cases = (await readdir(path.join(fixtures, name, "cases"))).filter((file) => file.endsWith(".json"));
    let root = "";
    let folder: PipelineFolder;
    before(async () => {
      root = await unpackPipeline(name);
      folder = await openPipelineFolder(root);
    });
    after(() => removePipeline(root));

    for (const file of cases) {
      test(file, async () => {
        const golden = await readCase(path.join(root, "cases", file));
        const schedulerFolder = path.join(root, "schedulers", golden.name);
        await mkdir(schedulerFolder, { recursive: true });
        await writeFile(path.join(schedulerFolder, "scheduler_config.json"), JSON.stringify(golden.scheduler));
        const tensors = path.join(root, "cases", file.replace(".json", ".safetensors"));
        const found = await runCase(folder, golden, await readScheduler(schedulerFolder), tensors);
        const seen = JSON.stringify(found);
        assert.ok(found.prompt < tolerance && found.pooled < tolerance, seen);
        assert.ok(found.noise < 1e-5, seen);
        assert.ok(found.steps.length > 0 && found.steps.every((difference) => difference < tolerance), seen);
        assert.ok(found.latents < tolerance, seen);
        // Only the pipeline with its own autoencoder has pictures to compare.
        if (name === "sd-turbo-tiny" && file.startsWith("eulera4")) assert.ok((found.picture ?? Infinity) < 2, seen);
      });
    }
  });
}

describe("autoencoders", () => {
  for (const [name, inside] of [
    ["sd-turbo-tiny", "vae"],
    ["taesd-tiny", "."],
  ] as const) {
    test(`${name}: a picture to latents, latents to a picture`, async () => {
      const root = await unpackPipeline(name);
      try {
        const folder = path.join(root, inside);
        const config = await readAutoencoderConfig(folder);
        const parts = { config, weights: new Weights(await openNetworkWeights(folder, ["diffusion_pytorch_model"])) };
        const tensors = await readTensors(path.join(root, "cases", "vae.safetensors"));
        const [image, latents] = [tensors.get("image_in"), tensors.get("latent")];
        assert.ok(image !== undefined && latents !== undefined);
        const side = Math.sqrt(latents.length / config.latentChannels);
        const size = { height: side, width: side };
        const encoder = await Network.ofGraph(encoderGraph(parts, size), cpu);
        const decoder = await Network.ofGraph(decoderGraph(parts, size), cpu);
        const encoded = await encodeImage(encoder, { ...config, scalingFactor: 1 }, image, size);
        assert.ok(largestDifference(encoded, tensors.get("enc_mean") ?? tensors.get("enc_latents")) < tolerance);
        const decoded = await decodeLatents(decoder, { ...config, scalingFactor: 1 }, latents, size);
        assert.ok(largestDifference(decoded, tensors.get("decoded")) < tolerance);
        await Promise.all([encoder.dispose(), decoder.dispose()]);
      } finally {
        await removePipeline(root);
      }
    });
  }
});

test("token ids are those of CLIP's tokenizers, the one that pads with an exclamation mark too", async () => {
  const root = await unpackPipeline("sdxl-tiny");
  try {
    const cases = JSON.parse(await readFile(path.join(fixtures, "tokenizer_cases.json"), "utf8")) as {
      text: string;
      tokenizer: number[];
      tokenizer_2: number[];
    }[];
    assert.ok(cases.length > 10);
    for (const name of ["tokenizer", "tokenizer_2"] as const) {
      const tokenizer = await loadClipTokenizer(path.join(root, name));
      for (const golden of cases) assert.deepEqual(tokenizer.encode(golden.text, 77).ids, golden[name], golden.text);
    }
  } finally {
    await removePipeline(root);
  }
});

/** Drawing with a small pipeline: parts, seeds, pictures to start from, cancelling, and folders that cannot serve. */
import assert from "node:assert/strict";
import { mkdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import sharp from "sharp";
import { FailureError, type FailureCode } from "../../../src/shared/failure";
import type { GenerateParams, GeneratePart, GeneratedPicture } from "../../../src/shared/generate-protocol";
import { Illustrator } from "../../../src/engine/diffusion/illustrator";
import { Networks } from "../../../src/engine/diffusion/networks";
import { decoderGraph } from "../../../src/engine/diffusion/autoencoder";
import { Engine } from "../../../src/engine/pipeline/engine";
import { removePipeline, unpackPipeline } from "../../golden/diffusion/pipelines";

const cpu = { device: "cpu", threads: 1 } as const;
const never = new AbortController().signal;
let root = "";
let illustrator: Illustrator;

const params = (more: Partial<GenerateParams> = {}): GenerateParams => ({
  model: root,
  preparedRoot: "",
  device: "cpu",
  threads: 1,
  prompt: "a lighthouse",
  seed: 7,
  count: 1,
  steps: 2,
  size: { width: 64, height: 64 },
  ...more,
});

async function draw(more: Partial<GenerateParams> = {}, signal = never) {
  const parts: GeneratePart[] = [];
  const result = await illustrator.draw(params(more), { signal, onPart: (part) => parts.push(part) });
  const pictures = parts.flatMap((part): GeneratedPicture[] => (part.kind === "picture" ? [part.picture] : []));
  return { result, parts, pictures };
}

const failsWith =
  (code: FailureCode, facts: object = {}) =>
  (thrown: unknown) => {
    assert.ok(thrown instanceof FailureError, String(thrown));
    assert.equal(thrown.failure.code, code, JSON.stringify(thrown.failure));
    for (const [name, value] of Object.entries(facts)) {
      assert.deepEqual((thrown.failure as unknown as Record<string, unknown>)[name], value);
    }
    return true;
  };

const pixels = async (png: Uint8Array | undefined): Promise<Buffer> => sharp(png).raw().toBuffer();

before(async () => {
  root = await unpackPipeline("sd-turbo-tiny");
  illustrator = await Illustrator.open(root, cpu);
});
after(() => removePipeline(root));

describe("drawing", () => {
  test("a step at a time with previews, then a PNG that says how it was drawn", async () => {
    const { result, parts, pictures } = await draw({ prompt: "naïve 灯台", steps: 3, negative: "fog" });
    const steps = parts.flatMap((part) => (part.kind === "step" ? [part] : []));
    assert.deepEqual(
      steps.map(({ index, step, steps: all }) => [index, step, all]),
      [
        [0, 1, 3],
        [0, 2, 3],
        [0, 3, 3],
      ],
    );
    for (const { preview } of steps) {
      assert.deepEqual([preview.width, preview.height, preview.rgb.length], [8, 8, 192]);
      assert.ok(new Set(preview.rgb).size > 10, "a preview of one colour shows nothing");
    }
    const [picture] = pictures;
    const metadata = await sharp(picture?.png).metadata();
    assert.deepEqual([metadata.format, metadata.width, metadata.height], ["png", 64, 64]);
    const parameters = metadata.comments?.find(({ keyword }) => keyword === "parameters")?.text ?? "";
    assert.match(parameters, /^naïve 灯台\nNegative prompt: fog\nSteps: 3, Sampler: euler, CFG scale: 0, Seed: 7,/);
    assert.ok(metadata.xmp?.includes("naïve 灯台"));
    assert.deepEqual([result.steps, result.scheduler, result.guidance, result.seed], [3, "euler", 0, 7]);
  });

  test("the same seed draws the same picture; each further picture has the next seed", async () => {
    const { pictures } = await draw({ count: 2, seed: 40 });
    const { pictures: again } = await draw({ seed: 41 });
    assert.deepEqual(
      pictures.map(({ seed }) => seed),
      [40, 41],
    );
    assert.deepEqual(await pixels(pictures[1]?.png), await pixels(again[0]?.png));
    assert.notDeepEqual(await pixels(pictures[0]?.png), await pixels(pictures[1]?.png));
  });

  test("every scheduler, guidance and odd sizes of latents draw", async () => {
    const seen = new Set<string>();
    for (const scheduler of ["euler", "euler-ancestral", "lcm", "dpmpp-2m"] as const) {
      const { result, pictures } = await draw({ scheduler, guidance: 4, size: { width: 88, height: 72 } });
      assert.deepEqual([result.scheduler, result.width, result.height], [scheduler, 88, 72]);
      seen.add((await pixels(pictures[0]?.png)).toString("base64"));
    }
    assert.equal(seen.size, 4);
  });

  test("from a picture: little strength stays near it, size and shape come from it", async () => {
    const png = await sharp({ create: { width: 200, height: 100, channels: 3, background: "#3366cc" } })
      .png()
      .toBuffer();
    const image = { name: "blue.png", data: { kind: "bytes", bytes: png } } as const;
    const { result, parts } = await draw({ from: { image, strength: 0.5 }, steps: 4, size: undefined });
    // 128 × 128 pixels in the shape of two to one.
    assert.deepEqual([result.width, result.height], [176, 88]);
    assert.equal(parts.filter(({ kind }) => kind === "step").length, 2);
    await assert.rejects(
      draw({ from: { image, strength: 0.1 }, steps: 4 }),
      failsWith("option-invalid", { option: "strength" }),
    );
  });

  test("a long prompt is cut, and how much is told", async () => {
    const { result } = await draw({ prompt: "cat ".repeat(100), steps: 1 });
    assert.equal(result.tokensLeftOut, 25);
  });

  test("settings out of range are refused by name before anything is drawn", async () => {
    const refused: [Partial<GenerateParams>, FailureCode, object][] = [
      [{ prompt: " \n" }, "prompt-empty", {}],
      [{ steps: 0 }, "option-invalid", { option: "steps" }],
      [{ steps: 1e9 }, "option-invalid", { option: "steps" }],
      [{ scheduler: "lcm", steps: 51 }, "option-invalid", { option: "steps" }],
      [{ guidance: NaN }, "option-invalid", { option: "guidance" }],
      [{ seed: -1 }, "option-invalid", { option: "seed" }],
      [{ seed: 2 ** 32 }, "option-invalid", { option: "seed" }],
      [{ count: 17 }, "option-invalid", { option: "count" }],
      [{ size: { width: 100, height: 64 } }, "option-invalid", { option: "width" }],
      [{ size: { width: 64, height: 4096 } }, "option-invalid", { option: "height" }],
      [{ scheduler: "nonsense" as "euler" }, "option-invalid", { option: "scheduler" }],
    ];
    for (const [more, code, facts] of refused) await assert.rejects(draw(more), failsWith(code, facts));
  });
});

describe("cancelling", () => {
  test("at every part of a drawing: nothing comes after it, and the next drawing is whole", async () => {
    const { parts: whole, pictures } = await draw();
    const kinds = whole.map(({ kind }) => kind);
    assert.ok(kinds.length > 5);
    for (let stop = 0; stop < kinds.length - 1; stop++) {
      const controller = new AbortController();
      const seen: string[] = [];
      const drawing = illustrator.draw(params(), {
        signal: controller.signal,
        onPart: ({ kind }) => {
          seen.push(kind);
          if (seen.length === stop + 1) controller.abort();
        },
      });
      // While the finished latents become a picture there is no step left to stop at.
      if (kinds.slice(stop + 1).every((kind) => kind === "picture")) await drawing;
      else await assert.rejects(drawing, failsWith("cancelled"), `stopped at part ${stop}`);
      assert.ok(seen.length <= stop + 2);
    }
    const { pictures: again } = await draw();
    assert.deepEqual(await pixels(again[0]?.png), await pixels(pictures[0]?.png));
  });
});

describe("memory", () => {
  test("what cannot fit is refused before it is opened, after others were asked for room", async () => {
    let asked = 0;
    const networks = new Networks({
      ...cpu,
      makeRoom: () => {
        asked++;
        return Promise.resolve();
      },
    });
    const build = () => decoderGraph(illustrator.folder.autoencoder, { height: 4, width: 4 });
    const small = await networks.use("small", 0, build);
    await assert.rejects(networks.use("huge", 2 ** 50, build), failsWith("out-of-memory"));
    assert.equal(asked, 1);
    assert.notEqual(await networks.use("small", 0, build), small, "the one not in use was given back");
    await networks.close();
  });
});

/** A copy of the pipeline by links, with one file of its own. */
async function changed(file: string, change: (bytes: Buffer) => Buffer | string | undefined): Promise<string> {
  const folder = path.join(root, "..", `changed-${Math.random().toString(36).slice(2)}`);
  await mkdir(folder);
  const [top = "", name = ""] = file.includes("/") ? file.split("/") : ["", file];
  for (const part of ["model_index.json", "scheduler", "text_encoder", "tokenizer", "unet", "vae"]) {
    if (part !== top && part !== name) await symlink(path.join(root, part), path.join(folder, part));
  }
  if (top !== "") {
    await mkdir(path.join(folder, top));
    const weights = top === "text_encoder" ? "model.fp16.safetensors" : "diffusion_pytorch_model.fp16.safetensors";
    for (const other of ["config.json", weights]) {
      if (other !== name) await symlink(path.join(root, top, other), path.join(folder, top, other));
    }
  }
  const bytes = change(await readFile(path.join(root, file)));
  if (bytes !== undefined) await writeFile(path.join(folder, file), bytes);
  return folder;
}

const config = (change: object) => (bytes: Buffer) =>
  JSON.stringify({ ...(JSON.parse(bytes.toString()) as object), ...change });

/** The header of a safetensors file with one name changed in place. */
const renamed = (from: string, to: string) => (bytes: Buffer) => {
  const at = bytes.indexOf(from);
  assert.ok(at > 0 && from.length === to.length);
  const copy = Buffer.from(bytes);
  copy.write(to, at);
  return copy;
};

describe("folders that cannot serve", () => {
  const weights = "unet/diffusion_pytorch_model.fp16.safetensors";
  const faults: [string, string, (bytes: Buffer) => Buffer | string | undefined, FailureCode, object][] = [
    ["no index", "model_index.json", () => undefined, "file-missing", {}],
    [
      "another kind of pipeline",
      "model_index.json",
      config({ _class_name: "FluxPipeline" }),
      "pipeline-unknown",
      { found: "FluxPipeline" },
    ],
    [
      "a refiner, without a text encoder",
      "model_index.json",
      config({ text_encoder: [null, null] }),
      "config-invalid",
      {},
    ],
    ["an index that is no JSON", "model_index.json", () => "<html>", "config-invalid", {}],
    [
      "an unknown block",
      "unet/config.json",
      config({ down_block_types: ["KDownBlock2D"] }),
      "config-invalid",
      { field: "down_block_types" },
    ],
    [
      "a class condition",
      "unet/config.json",
      config({ class_embed_type: "timestep" }),
      "config-invalid",
      { field: "class_embed_type" },
    ],
    ["inpainting", "unet/config.json", config({ in_channels: 9 }), "config-invalid", { field: "in_channels" }],
    [
      "absurd widths",
      "unet/config.json",
      config({ block_out_channels: [1e9, 1, 1, 1] }),
      "config-invalid",
      { field: "block_out_channels" },
    ],
    [
      "widths that groups do not divide",
      "unet/config.json",
      config({ norm_num_groups: 7 }),
      "config-invalid",
      { field: "block_out_channels" },
    ],
    [
      "widths that heads do not divide",
      "unet/config.json",
      config({ attention_head_dim: 7 }),
      "config-invalid",
      { field: "attention_head_dim" },
    ],
    [
      "a width that the weights do not have",
      "unet/config.json",
      config({ block_out_channels: [16, 32, 48, 96] }),
      "weight-shape",
      {},
    ],
    ["a depth that the weights do not have", "unet/config.json", config({ layers_per_block: 3 }), "weight-missing", {}],
    [
      "fewer layers than the weights have",
      "text_encoder/config.json",
      config({ num_hidden_layers: 4 }),
      "weight-unused",
      { count: 16 },
    ],
    [
      "another vocabulary",
      "text_encoder/config.json",
      config({ vocab_size: 1000 }),
      "tokenizer-mismatch",
      { embeddings: 1000 },
    ],
    [
      "another autoencoder",
      "vae/config.json",
      config({ _class_name: "AsymmetricAutoencoderKL" }),
      "pipeline-unknown",
      {},
    ],
    [
      "a missing tensor",
      weights,
      renamed("conv_in.bias", "conv_in.bias".toUpperCase()),
      "weight-missing",
      { tensor: "conv_in.bias" },
    ],
    ["no weights", weights, () => undefined, "file-missing", {}],
    ["weights cut short", weights, (bytes) => bytes.subarray(0, bytes.length / 2), "weight-range", {}],
    ["a pointer of Git LFS", weights, () => "version https://git-lfs.github.com/spec/v1\n", "weights-header", {}],
  ];
  for (const [name, file, change, code, facts] of faults) {
    test(name, async () => {
      const folder = await changed(file, change);
      await assert.rejects(Illustrator.open(folder, cpu), failsWith(code, facts));
    });
  }

  test("weights that are no numbers are told, not drawn", async () => {
    const folder = await changed(weights, (bytes) => {
      const copy = Buffer.from(bytes);
      // The last tensors' data, in float16.
      copy.fill(0xff, copy.length - 4096);
      return copy;
    });
    const broken = await Illustrator.open(folder, cpu);
    await assert.rejects(
      broken.draw(params(), { signal: never, onPart: () => undefined }),
      failsWith("runtime-failed"),
    );
  });

  test("a scheduler of another family is refused by name", async () => {
    const folder = await changed(
      "scheduler/scheduler_config.json",
      config({ _class_name: "FlowMatchEulerDiscreteScheduler" }),
    );
    await rm(path.join(folder, "scheduler", "config.json"), { force: true });
    const opened = await Illustrator.open(folder, cpu);
    await assert.rejects(
      opened.draw(params(), { signal: never, onPart: () => undefined }),
      failsWith("config-invalid", { field: "_class_name" }),
    );
  });
});

describe("the engine", () => {
  test("draws, keeps the pipeline for the next request, and says when the folder is gone", async () => {
    const engine = new Engine({ ocrFolder: "" });
    const answering = { signal: never, part: () => undefined };
    const first = await engine.handlers.generate(params(), answering);
    const second = await engine.handlers.generate(params(), answering);
    assert.equal(first.pictures, 1);
    assert.ok(second.timings.load < first.timings.load);
    await engine.handlers.unload({}, answering);
    const away = `${root}-away`;
    await rename(root, away);
    try {
      await assert.rejects(engine.handlers.generate(params(), answering), failsWith("model-folder-missing"));
    } finally {
      await rename(away, root);
    }
    assert.equal((await engine.handlers.generate(params(), answering)).pictures, 1);
    await engine.handlers.unload({}, answering);
  });
});

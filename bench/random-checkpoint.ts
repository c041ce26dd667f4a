/**
 * A checkpoint of MGM-2B's shape with random weights in the published layout, its encoders beside it: 6.0 GB.
 *
 *   npx tsx bench/random-checkpoint.ts FOLDER
 *
 * For what needs the real size: `node dist/cli.js explain IMAGE --model FOLDER/MGM-2B --json` tells times and memory.
 * Its answers mean nothing; the tokenizer is the tiny one of the golden cases.
 */
import { cp, mkdir, open, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { readModelConfig } from "../src/engine/model/config";
import { buildNetworks } from "../src/engine/pipeline/build-networks";
import { encodeHeader } from "../src/engine/weights/write-safetensors";
import { clip, convNext, highResolution } from "./mgm-2b-encoders";
import { RandomWeights } from "./random-network";

const fixtures = path.join(__dirname, "..", "test", "golden", "fixtures", "mgm");
const clipName = "clip-vit-large-patch14-336";
const convNextName = "openclip-convnext-large-d-320-laion2B-s29B-b131K-ft-soup";
/** google/gemma-2b-it and YanweiLi/MGM-2B, config.json. */
const published = {
  hidden_size: 2048,
  intermediate_size: 16384,
  num_hidden_layers: 18,
  num_attention_heads: 8,
  num_key_value_heads: 1,
  head_dim: 256,
  vocab_size: 256000,
  image_size_aux: highResolution,
  mm_hidden_size: 1024,
  mm_hidden_size_aux: 2880,
  mm_vision_tower: `model_zoo/OpenAI/${clipName}`,
};
const clipFields = {
  hidden_size: clip.hiddenSize,
  intermediate_size: clip.intermediateSize,
  num_hidden_layers: clip.layers,
  num_attention_heads: clip.heads,
};

async function editJson(file: string, edit: (fields: Record<string, unknown>) => void): Promise<void> {
  const fields = JSON.parse(await readFile(file, "utf8")) as Record<string, unknown>;
  edit(fields);
  await writeFile(file, JSON.stringify(fields));
}

/** bfloat16, between −0.03 and 0.03, one block over and over. */
async function writeTensors(file: string, shapes: ReadonlyMap<string, readonly number[]>): Promise<void> {
  const block = Buffer.alloc(1 << 24);
  const value = new DataView(new ArrayBuffer(4));
  for (let i = 0; i < block.length; i += 2) {
    value.setFloat32(0, (Math.random() - 0.5) * 0.06);
    block.writeUInt16LE(value.getUint16(0), i);
  }
  const tensors = [...shapes].map(([name, dims]) => {
    return { name, dtype: "BF16", dims, byteLength: 2 * dims.reduce((n, size) => n * size, 1) };
  });
  const end = tensors.reduce((n, { byteLength }) => n + byteLength, 0);
  const handle = await open(file, "w");
  await handle.write(encodeHeader(tensors));
  for (let done = 0; done < end; done += block.length) await handle.write(block, 0, Math.min(block.length, end - done));
  await handle.close();
}

async function main([folder]: readonly string[]): Promise<void> {
  if (folder === undefined) throw new Error("usage: npx tsx bench/random-checkpoint.ts FOLDER");
  const [model, clipFolder, convNextFolder] = ["MGM-2B", clipName, convNextName].map((name) => path.join(folder, name));
  if (model === undefined || clipFolder === undefined || convNextFolder === undefined) throw new Error("no folders");
  await mkdir(folder, { recursive: true });
  const withoutWeights = { recursive: true, filter: (file: string) => !/safetensors|\.bin$/.test(file) };
  await cp(path.join(fixtures, "checkpoints", "MGM-2B"), model, withoutWeights);
  for (const target of [clipFolder, convNextFolder]) {
    const source = path.join(fixtures, "encoders", "OpenAI", path.basename(target));
    await cp(source, target, withoutWeights);
  }
  await editJson(path.join(model, "config.json"), (fields) => Object.assign(fields, published));
  await editJson(path.join(clipFolder, "config.json"), (fields) => {
    Object.assign(fields["vision_config"] as object, clipFields);
  });

  const weights = new RandomWeights();
  const low = new RandomWeights();
  const high = new RandomWeights("visual.trunk");
  const checkpoint = { location: folder, names: [], get: () => undefined };
  buildNetworks(
    weights.weights,
    await readModelConfig(model),
    {
      lowResolution: { checkpoint, weights: low.weights, config: clip },
      highResolution: {
        checkpoint,
        weights: high.weights,
        names: { stem: "stem", stages: "stages" },
        config: convNext,
      },
    },
    { precision: "f32", contextLength: 4096, intermediates: false },
  );
  await writeTensors(path.join(model, "model.safetensors"), weights.asked);
  await writeTensors(path.join(clipFolder, "model.safetensors"), low.asked);
  await writeTensors(path.join(convNextFolder, "open_clip_model.safetensors"), high.asked);
}

main(process.argv.slice(2)).catch((thrown: unknown) => {
  console.error(thrown);
  process.exitCode = 1;
});

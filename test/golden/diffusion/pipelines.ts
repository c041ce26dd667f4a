/** The golden pipelines unpacked into a temporary folder, in the layout in which diffusers publishes them. */
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { gunzipSync } from "node:zlib";
import { fixtures } from "./fixtures";
import { unpackFile } from "./packed";

export const pipelineNames = ["sdxl-tiny", "sd-turbo-tiny", "sd15-lcm-tiny"] as const;

/** Writes CLIP's vocabulary, which is kept once for all, and one tokenizer's own settings. */
export async function writeTokenizer(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const name of ["vocab.json", "merges.txt"]) {
    const packed = await readFile(path.join(fixtures, "clip-tokenizer", `${name}.gz`));
    await writeFile(path.join(folder, name), gunzipSync(packed));
  }
}

/**
 * @param name `sdxl-tiny` and `sd15-lcm-tiny` come with the autoencoder of `sd-turbo-tiny`: their pictures are not
 *   compared, their own weights are not kept.
 */
export async function unpackPipeline(name: string): Promise<string> {
  const root = await mkdtemp(path.join(os.tmpdir(), "golden-diffusion-"));
  const folder = path.join(root, name);
  await unpackFolder(path.join(fixtures, name), folder);
  const autoencoder = path.join(folder, "vae");
  if ((await readdir(folder)).includes("unet")) {
    const weights = "diffusion_pytorch_model.fp16.safetensors";
    const source = path.join(fixtures, "sd-turbo-tiny", "vae");
    await mkdir(autoencoder, { recursive: true });
    await unpackFile(path.join(source, `${weights}.br`), path.join(autoencoder, weights));
    await cp(path.join(source, "config.json"), path.join(autoencoder, "config.json"), { force: false });
    for (const tokenizer of ["tokenizer", "tokenizer_2"]) {
      const there = (await readdir(folder)).includes(tokenizer);
      if (there) await writeTokenizer(path.join(folder, tokenizer));
    }
  }
  return folder;
}

export const removePipeline = (folder: string): Promise<void> => rm(path.dirname(folder), { recursive: true });

async function unpackFolder(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [path.join(from, entry.name), path.join(to, entry.name)];
    if (entry.isDirectory()) await unpackFolder(source, target);
    else if (entry.name.endsWith(".br")) await unpackFile(source, target.slice(0, -".br".length));
    else await cp(source, target);
  }
}

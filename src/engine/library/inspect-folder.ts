/** A folder that somebody wants to use as it is: what is in it, or what is wrong with it. */
import { stat } from "node:fs/promises";
import path from "node:path";
import { FailureError } from "../../shared/failure";
import type { InspectedFolder, InspectParams } from "../../shared/library-protocol";
import { readModelConfig } from "../model/config";
import { findEncoders } from "../model/encoders";
import { readManifest } from "../pipeline/prepared-model";
import { openCheckpoint } from "../weights/checkpoint";

/** @throws FailureError that says what is missing: `model-folder-missing`, `encoder-missing`, `weights-header`, … */
export async function inspectFolder({ folder, encoders }: InspectParams): Promise<InspectedFolder> {
  if ((await stat(folder).catch(() => undefined))?.isDirectory() !== true) {
    throw new FailureError({ code: "model-folder-missing", folder });
  }
  const manifest = await readManifest(folder);
  if (manifest !== undefined) return { kind: "prepared", description: `${manifest.name} (${manifest.precision})` };
  if ((await stat(path.join(folder, "model_index.json")).catch(() => undefined))?.isFile() === true) {
    return { kind: "diffusion", description: path.basename(folder) };
  }
  const config = await readModelConfig(folder);
  const checkpoint = await openCheckpoint(folder);
  await findEncoders(config, checkpoint, folder, encoders);
  const { family, layers, hiddenSize } = config;
  return { kind: "published", description: `${path.basename(folder)} (${family}, ${layers} × ${hiddenSize})` };
}

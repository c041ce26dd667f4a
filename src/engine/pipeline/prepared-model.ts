/**
 * A prepared model: the networks of one checkpoint in one precision, as the runtime loads them, in one folder.
 *
 * The manifest is written last, so a folder without one is not a model. It holds all that running needs; tokenizer
 * files stand beside it as published. Sizes of the data files are checked on load, contents are not hashed.
 */
import { readFile, stat } from "node:fs/promises";
import path from "node:path";
import { FailureError } from "../../shared/failure";
import type { Precision } from "../../shared/protocol";
import type { ModelConfig } from "../model/config";
import type { VisualTokensConfig } from "../networks/visual-tokens";
import type { StoredRows } from "../runtime/embedding-table";

/** Raised whenever a change of the builder makes other files of the same checkpoint. */
export const builderVersion = 4;

export const manifestName = "manifest.json";

/** Where engines note which models they have loaded, so that none is deleted under them. */
export const inUseFolder = (preparedRoot: string): string => path.join(preparedRoot, ".in-use");

/** The networks of a model, by the names of their files. */
export const networkNames = {
  lowResolution: "clip-vision",
  highResolution: "convnext",
  visualTokens: "patch-info-mining",
  decoder: "decoder",
} as const;

export interface VisionManifest extends VisualTokensConfig {
  readonly highResolution: number;
  /** Side of one low-resolution view. */
  readonly lowResolution: number;
  readonly aspect: "pad" | "crop";
  readonly mean: readonly [number, number, number];
  readonly deviation: readonly [number, number, number];
}

export interface Manifest {
  readonly builderVersion: number;
  readonly name: string;
  readonly starter: boolean;
  readonly precision: Precision;
  /** Identifies the published files that this was made from. */
  readonly source: string;
  readonly contextLength: number;
  readonly config: ModelConfig;
  readonly vision: VisionManifest;
  readonly embeddings: StoredRows;
  /** Bytes of every file of the networks. */
  readonly files: Readonly<Record<string, number>>;
}

/**
 * @returns the manifest of a complete prepared model, or `undefined` where the folder has none.
 * @throws FailureError `prepared-invalid` where files are missing or of another size, or another builder made them.
 */
export async function readManifest(folder: string): Promise<Manifest | undefined> {
  const text = await readFile(path.join(folder, manifestName), "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const manifest = parseManifest(folder, text);
  if (manifest.builderVersion !== builderVersion) {
    throw new FailureError({ code: "prepared-invalid", folder, reason: "another version of this program made it" });
  }
  for (const [file, bytes] of Object.entries(manifest.files)) {
    const found = path.basename(file) === file ? await stat(path.join(folder, file)).catch(() => undefined) : undefined;
    if (found?.size !== bytes) {
      const reason = found === undefined ? `${file} is missing` : `${file} has ${found.size} bytes instead of ${bytes}`;
      throw new FailureError({ code: "prepared-invalid", folder, reason });
    }
  }
  return manifest;
}

function parseManifest(folder: string, text: string): Manifest {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && "builderVersion" in value && "files" in value) {
      return value as Manifest;
    }
  } catch (thrown) {
    if (!(thrown instanceof SyntaxError)) throw thrown;
  }
  throw new FailureError({ code: "prepared-invalid", folder, reason: `${manifestName} is not readable` });
}

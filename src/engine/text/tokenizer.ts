/**
 * Text to token ids and back, from the tokenizer files that a checkpoint ships.
 *
 * The reference loads Gemma and Mixtral with transformers' fast tokenizers, everything else with `use_fast=False`
 * (dvlab-research/MGM, mgm/model/builder.py). So a `tokenizer.model` of the class LlamaTokenizer is read as the slow
 * tokenizer reads it, and `tokenizer.json` is read in all other cases where there is one.
 */
import { stat } from "node:fs/promises";
import path from "node:path";
import { FailureError } from "../../shared/failure";
import { loadJsonTokenizer } from "./json-tokenizer";
import { loadSentencePieceTokenizer } from "./sentencepiece-tokenizer";
import type { TextSegment } from "./special-tokens";
import { readTokenizerConfig } from "./tokenizer-config";

export interface Tokenizer {
  /** Highest token id + 1. */
  readonly vocabularySize: number;
  /** The token that opens a sequence, whether or not prompts get one (see {@link addsBeginToken}). */
  readonly beginToken: number | undefined;
  /** Whether a prompt starts with {@link beginToken}. */
  readonly addsBeginToken: boolean;
  /** The tokenizer's own end of sequence, the only one that the reference's command line stops at. */
  readonly endTokens: readonly number[];
  /** Whether a decoded text loses one leading space, which encoding had put there. */
  readonly stripsLeadingSpace: boolean;
  /** The id of a special token by its marker, "</s>" for one. */
  specialToken(marker: string): number | undefined;
  /**
   * The ids of a text, without a begin token. Markers of special tokens in it become those tokens, as in the
   * reference; with `plain` they are text like any other.
   */
  encode(text: string, options?: { readonly plain?: boolean }): number[];
  /** The ids of adjoining segments, encoded as one text; markers count in control segments only. */
  encodeSegments(segments: readonly TextSegment[]): number[];
  /** The UTF-8 bytes that a token stands for: a part of a character, even; none for special and unknown tokens. */
  bytesOf(id: number): Uint8Array;
}

/**
 * @throws FailureError `tokenizer-missing` where the folder has neither tokenizer.json nor tokenizer.model;
 *   `tokenizer-invalid`, `file-too-large`, `file-unreadable` for files that cannot serve.
 */
export async function loadTokenizer(folder: string): Promise<Tokenizer> {
  const config = await readTokenizerConfig(folder);
  const json = path.join(folder, "tokenizer.json");
  const model = path.join(folder, "tokenizer.model");
  const [hasJson, hasModel] = await Promise.all([isFile(json), isFile(model)]);
  if (hasModel && (!hasJson || config.tokenizerClass === "LlamaTokenizer")) {
    return loadSentencePieceTokenizer(model, config);
  }
  if (hasJson) return loadJsonTokenizer(json, config);
  throw new FailureError({ code: "tokenizer-missing", folder });
}

async function isFile(file: string): Promise<boolean> {
  const found = await stat(file).catch(() => undefined);
  return found?.isFile() === true;
}

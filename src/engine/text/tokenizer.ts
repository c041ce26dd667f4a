/**
 * Text to token ids and back, from the tokenizer files that a checkpoint ships.
 *
 * The reference loads Gemma and Mixtral with transformers' fast tokenizers, everything else with `use_fast=False`
 * (dvlab-research/MGM, mgm/model/builder.py). So a `tokenizer.model` of the class LlamaTokenizer is read as the slow
 * tokenizer reads it unless the model is a Mixtral; `tokenizer.json` is read in all other cases where there is one.
 */
import { stat } from "node:fs/promises";
import path from "node:path";
import { FailureError } from "../../shared/failure";
import { loadJsonTokenizer } from "./json-tokenizer";
import { loadSentencePieceTokenizer } from "./sentencepiece-tokenizer";
import type { TextSegment } from "./special-tokens";
import type { Spelling } from "./token-bytes";
import { readTokenizerConfig } from "./tokenizer-config";

export interface Tokenizer {
  /** Highest token id + 1, added tokens included. */
  readonly vocabularySize: number;
  /** The token that opens a sequence, whether or not prompts get one (see {@link addsBeginToken}). */
  readonly beginToken: number | undefined;
  /** Whether a prompt starts with {@link beginToken}. */
  readonly addsBeginToken: boolean;
  /**
   * Tokens that end an answer. The first is the tokenizer's own end of sequence, the only one that the reference's
   * command line stops at; then those of generation_config.json and the markers that end a turn in a template.
   */
  readonly endTokens: readonly number[];
  /** Whether a decoded text loses one leading space, which encoding had put there. */
  readonly stripsLeadingSpace: boolean;
  readonly spelling: Spelling;
  /** The id of a special token by its marker, "</s>" for one. */
  tokenOf(marker: string): number | undefined;
  /**
   * The ids of a text, without begin and end tokens. Markers of special tokens in it become those tokens, as in the
   * reference; with `plain` they are text like any other.
   */
  encode(text: string, options?: { readonly plain?: boolean }): number[];
  /** The ids of adjoining segments, encoded as one text; markers count in segments that are not plain only. */
  encodeSegments(segments: readonly TextSegment[]): number[];
  /** The text of tokens; special tokens are left out, bytes that are no UTF-8 become U+FFFD. */
  decode(ids: readonly number[]): string;
  /** The UTF-8 bytes that a token stands for: a part of a character, even; none for special and unknown tokens. */
  bytesOf(id: number): Uint8Array;
  /** Whether a token stands for one byte rather than for a text. */
  isByte(id: number): boolean;
}

/**
 * @throws FailureError `tokenizer-missing` where the folder has neither tokenizer.json nor tokenizer.model;
 *   `tokenizer-invalid`, `file-too-large`, `file-unreadable` for files that cannot serve.
 */
export async function loadTokenizer(folder: string): Promise<Tokenizer> {
  const json = path.join(folder, "tokenizer.json");
  const model = path.join(folder, "tokenizer.model");
  const [hasJson, hasModel] = await Promise.all([isFile(json), isFile(model)]);
  if (!hasJson && !hasModel) throw new FailureError({ code: "tokenizer-missing", folder });
  const config = await readTokenizerConfig(folder);
  const slow = config.tokenizerClass === "LlamaTokenizer" && !config.modelType.includes("mixtral");
  return hasModel && (slow || !hasJson) ? loadSentencePieceTokenizer(model, config) : loadJsonTokenizer(json, config);
}

async function isFile(file: string): Promise<boolean> {
  const found = await stat(file).catch(() => undefined);
  return found?.isFile() === true;
}

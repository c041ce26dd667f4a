/**
 * What stands beside the tokenizer: tokenizer_config.json, special_tokens_map.json, added_tokens.json, and what
 * generation_config.json and config.json say about tokens.
 *
 * Source: transformers 4.36, tokenization_utils_base.py (fields), models/llama/tokenization_llama.py (defaults).
 */
import { stat } from "node:fs/promises";
import path from "node:path";
import type { SpecialTokens } from "./special-tokens";
import { invalidTokenizer, isRecord, readTokenizerJson } from "./tokenizer-file";

export interface AddedToken {
  readonly id: number;
  readonly content: string;
  /** A control token: never text. */
  readonly special: boolean;
  /** Takes the whitespace before it along. */
  readonly lstrip: boolean;
  /** Takes the whitespace after it along. */
  readonly rstrip: boolean;
}

export interface TokenizerConfig {
  /** Without the ending `Fast`; "" where it is not said. */
  readonly tokenizerClass: string;
  /** Of config.json; "" where it is not said. */
  readonly modelType: string;
  readonly begin: string | undefined;
  readonly end: string | undefined;
  /** Ids of generation_config.json. */
  readonly ends: readonly number[];
  readonly unknown: string | undefined;
  readonly addsBegin: boolean | undefined;
  /** transformers' old way with spaces after special tokens; the default of slow tokenizers. */
  readonly legacy: boolean;
  /** Tokens with an id given here. */
  readonly added: readonly AddedToken[];
  /** Markers named as special, with or without an id here. */
  readonly special: ReadonlySet<string>;
}

const namedFields = ["bos_token", "eos_token", "unk_token", "pad_token", "sep_token", "cls_token", "mask_token"];

/** @throws FailureError `tokenizer-invalid`, `file-too-large`, `file-unreadable`; absent files count as empty. */
export async function readTokenizerConfig(folder: string): Promise<TokenizerConfig> {
  const file = path.join(folder, "tokenizer_config.json");
  const fields = await readIfThere(file);
  const map = await readIfThere(path.join(folder, "special_tokens_map.json"));
  const ids = await readIfThere(path.join(folder, "added_tokens.json"));
  const generation = await readIfThere(path.join(folder, "generation_config.json"));
  const model = await readIfThere(path.join(folder, "config.json"));
  const named = (name: string): string | undefined => markerOf(fields[name]) ?? markerOf(map[name]);
  const special = new Set<string>();
  for (const marker of [
    ...namedFields.map(named),
    ...markersOf(fields["additional_special_tokens"]),
    ...markersOf(map["additional_special_tokens"]),
  ]) {
    if (marker !== undefined && marker !== "") special.add(marker);
  }
  const added = readAdded(file, fields["added_tokens_decoder"]);
  for (const { content, special: isSpecial } of added) if (isSpecial) special.add(content);
  const known = new Set(added.map(({ content }) => content));
  const others = Object.entries(ids).filter(([content]) => !known.has(content));
  return {
    tokenizerClass: textOf(fields["tokenizer_class"])?.replace(/Fast$/, "") ?? "",
    modelType: textOf(model["model_type"]) ?? "",
    begin: named("bos_token"),
    end: named("eos_token"),
    ends: idsOf(generation["eos_token_id"]),
    unknown: named("unk_token"),
    addsBegin: booleanOf(fields["add_bos_token"]),
    legacy: booleanOf(fields["legacy"]) ?? true,
    added: [
      ...added,
      ...others.map(([content, id]) => ({
        ...readToken(file, { content, special: special.has(content) }, id),
      })),
    ],
    special,
  };
}

/** Markers that end a turn in one of the templates. */
const turnEnds = ["<|eot_id|>", "<|im_end|>", "<end_of_turn>"];

/** The tokenizer's own end token, then all others. */
export function endTokensOf(config: TokenizerConfig, own: number | undefined, special: SpecialTokens): number[] {
  const ids = [own, ...config.ends, ...turnEnds.map((marker) => special.idOf(marker))];
  return [...new Set(ids.filter((id) => id !== undefined))];
}

/** An added token as tokenizer.json and tokenizer_config.json describe it. */
export function readToken(file: string, value: unknown, id: unknown): AddedToken {
  if (!isRecord(value) || typeof value["content"] !== "string" || value["content"] === "") {
    return invalidTokenizer(file, "an added token has no content");
  }
  if (typeof id !== "number" || !Number.isInteger(id) || id < 0 || id >= vocabularyLimit) {
    return invalidTokenizer(file, `the added token ${value["content"].slice(0, 40)} has the id ${String(id)}`);
  }
  return {
    id,
    content: value["content"],
    special: value["special"] === true,
    lstrip: value["lstrip"] === true,
    rstrip: value["rstrip"] === true,
  };
}

/** Four times the largest vocabulary published so far. */
export const vocabularyLimit = 1 << 20;

async function readIfThere(file: string): Promise<Readonly<Record<string, unknown>>> {
  const found = await stat(file).catch(() => undefined);
  return found === undefined ? {} : readTokenizerJson(file);
}

function readAdded(file: string, value: unknown): AddedToken[] {
  if (!isRecord(value)) return [];
  return Object.entries(value).map(([id, token]) => readToken(file, token, Number(id)));
}

/** A marker is written as a text or as an object with its content. */
function markerOf(value: unknown): string | undefined {
  return textOf(isRecord(value) ? value["content"] : value);
}

function markersOf(value: unknown): (string | undefined)[] {
  return Array.isArray(value) ? value.map(markerOf) : [];
}

/** One id or several. */
function idsOf(value: unknown): number[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.filter((id): id is number => typeof id === "number" && Number.isInteger(id) && id >= 0);
}

const textOf = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
const booleanOf = (value: unknown): boolean | undefined => (typeof value === "boolean" ? value : undefined);

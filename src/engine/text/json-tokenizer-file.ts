/**
 * The contents of a tokenizer.json, checked before the library sees them.
 *
 * Source: huggingface/tokenizers, the serialised form of `Tokenizer`. Supported is what the LLM families of MGM and
 * the starter use: BPE over bytes or over SentencePiece's characters.
 */
import type { Spelling } from "./token-bytes";
import { type AddedToken, readToken, type TokenizerConfig, vocabularyLimit } from "./tokenizer-config";
import { invalidTokenizer, isRecord } from "./tokenizer-file";

type Json = Readonly<Record<string, unknown>>;

export interface TokenizerJson {
  /** The file, but for the vocabulary of its model, which lacks the markers of special tokens. */
  readonly raw: Json;
  readonly vocabulary: Readonly<Record<string, number>>;
  /** Without those that would spell the marker of a special token out of text. */
  readonly merges: readonly (readonly [string, string])[];
  readonly added: readonly AddedToken[];
  readonly vocabularySize: number;
  readonly spelling: Spelling;
  /** The special token that the post-processor puts first. */
  readonly addsBegin: string | undefined;
  readonly stripsLeadingSpace: boolean;
  /** Whether words may be encoded one by one: there is no pre-tokenizer, but nothing is merged across a word's start. */
  readonly splitsWords: boolean;
}

const mergeLimit = 1 << 22;

/**
 * Patterns that words are split by: LLaMA-3, Qwen2, GPT-2, Falcon's and SmolLM's digits. Others are refused, because a
 * pattern from a file could take forever on some text.
 */
const knownPatterns = new Set([
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
  "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
  "[0-9][0-9][0-9]",
]);

/** Steps of a normalizer or pre-tokenizer that may stand in a file. */
const knownSteps = new Set(["Sequence", "Replace", "Prepend", "NFC", "Split", "ByteLevel", "Digits", "Metaspace"]);

/** @throws FailureError `tokenizer-invalid` */
export function checkTokenizerJson(file: string, raw: Json, config: TokenizerConfig): TokenizerJson {
  const model = raw["model"];
  if (!isRecord(model) || model["type"] !== "BPE") return invalidTokenizer(file, "its model is not BPE");
  const vocabulary = readVocabulary(file, model["vocab"]);
  const added = readAdded(file, raw["added_tokens"], config);
  const special = new Set(added.filter((token) => token.special).map(({ content }) => content));
  // Converters write merges for every token, markers too: with them, a typed `</s>` would end the sequence.
  const merges = readMerges(file, model["merges"]).filter(([left, right]) => !special.has(left + right));
  const ids = [...Object.values(vocabulary), ...added.map(({ id }) => id)];
  checkSteps(file, stepsOf(file, raw["normalizer"], "normalizers"));
  checkSteps(file, stepsOf(file, raw["pre_tokenizer"], "pretokenizers"));
  const decoders = stepsOf(file, raw["decoder"], "decoders");
  const types = decoders.map((step) => step["type"]);
  const spelling = types.includes("ByteLevel") ? "byte-level" : "byte-fallback";
  if (spelling === "byte-fallback" && !types.includes("ByteFallback") && !types.includes("Metaspace")) {
    invalidTokenizer(file, `its decoder is not known (${types.join(", ")})`);
  }
  return {
    raw: { ...raw, model: { ...model, vocab: withoutMarkers(vocabulary, special, model["unk_token"]) } },
    vocabulary,
    merges,
    added,
    vocabularySize: ids.reduce((size, id) => Math.max(size, id + 1), 0),
    spelling,
    addsBegin: firstToken(stepsOf(file, raw["post_processor"], "processors")),
    stripsLeadingSpace: decoders.some(
      (step) => (step["type"] === "Strip" && step["start"] === 1) || step["type"] === "Metaspace",
    ),
    splitsWords:
      spelling === "byte-fallback" &&
      (raw["pre_tokenizer"] ?? null) === null &&
      !merges.some(([left, right]) => right.startsWith("▁") && !/^▁+$/.test(left)),
  };
}

function readVocabulary(file: string, value: unknown): Readonly<Record<string, number>> {
  if (!isRecord(value)) return invalidTokenizer(file, "it has no vocabulary");
  const entries = Object.entries(value);
  if (entries.length === 0 || entries.length > vocabularyLimit) {
    return invalidTokenizer(file, `it has ${entries.length} tokens`);
  }
  for (const [token, id] of entries) {
    if (typeof id !== "number" || !Number.isInteger(id) || id < 0 || id >= vocabularyLimit) {
      return invalidTokenizer(file, `the token ${token.slice(0, 40)} has the id ${String(id)}`);
    }
  }
  return value as Readonly<Record<string, number>>;
}

/** Merges are pairs, in older files written as one text with a space between. */
function readMerges(file: string, value: unknown): (readonly [string, string])[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [];
  if (list.length > mergeLimit) return invalidTokenizer(file, `it has ${list.length} merges`);
  return list.map((entry): readonly [string, string] => {
    const parts: readonly unknown[] = typeof entry === "string" ? entry.split(" ") : Array.isArray(entry) ? entry : [];
    const [left, right] = parts;
    if (parts.length !== 2 || typeof left !== "string" || typeof right !== "string") {
      return invalidTokenizer(file, "a merge is not a pair");
    }
    return [left, right];
  });
}

/** The file's added tokens, then those that only tokenizer_config.json has. */
function readAdded(file: string, value: unknown, config: TokenizerConfig): AddedToken[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [];
  if (list.length > vocabularyLimit) return invalidTokenizer(file, `it has ${list.length} added tokens`);
  const added = new Map<string, AddedToken>();
  for (const entry of list) {
    const token = readToken(file, entry, isRecord(entry) ? entry["id"] : undefined);
    added.set(token.content, { ...token, special: token.special || config.special.has(token.content) });
  }
  for (const token of config.added) if (!added.has(token.content)) added.set(token.content, token);
  return [...added.values()];
}

/** The model's own token for the unknown stays: the library looks it up by its text. */
function withoutMarkers(
  vocabulary: Readonly<Record<string, number>>,
  special: ReadonlySet<string>,
  unknown: unknown,
): Readonly<Record<string, number>> {
  const entries = Object.entries(vocabulary);
  return Object.fromEntries(entries.filter(([token]) => !special.has(token) || token === unknown));
}

/**
 * @throws FailureError `tokenizer-invalid` for steps that are not known, patterns that could take forever, and steps
 *   that could make a text grow without bound.
 */
function checkSteps(file: string, steps: readonly Json[]): void {
  if (steps.filter(({ type }) => type === "ByteLevel").length > 1) invalidTokenizer(file, "it spells bytes twice");
  for (const step of steps) {
    const { type, pattern } = step;
    if (typeof type !== "string" || !knownSteps.has(type)) invalidTokenizer(file, `the step ${String(type)}`);
    const regex = isRecord(pattern) ? pattern["Regex"] : undefined;
    if (regex !== undefined && !(typeof regex === "string" && knownPatterns.has(regex))) {
      invalidTokenizer(file, `the pattern ${JSON.stringify(regex).slice(0, 80)}`);
    }
    for (const field of ["content", "prepend", "replacement", "str_rep"]) {
      const text = step[field] ?? "";
      if (typeof text !== "string" || text.length > 1) invalidTokenizer(file, `the step ${type} puts in long texts`);
    }
  }
}

/**
 * The steps of a normalizer, pre-tokenizer, decoder or post-processor: those of a sequence, or the one that it is.
 *
 * @throws FailureError `tokenizer-invalid` for sequences within sequences, or of more steps than any tokenizer has.
 */
function stepsOf(file: string, value: unknown, field: string): Json[] {
  if (!isRecord(value)) return [];
  if (value["type"] !== "Sequence") return [value];
  const inside: readonly unknown[] = Array.isArray(value[field]) ? value[field] : [];
  if (inside.length > stepLimit) return invalidTokenizer(file, `it has ${inside.length} ${field}`);
  return inside.map((step) => {
    if (isRecord(step) && step["type"] !== "Sequence") return step;
    return invalidTokenizer(file, `one of its ${field} is not a single step`);
  });
}

const stepLimit = 16;

/** The special token at the start of what a template makes of one text. */
function firstToken(processors: readonly Json[]): string | undefined {
  for (const step of processors) {
    const single: readonly unknown[] = Array.isArray(step["single"]) ? step["single"] : [];
    const [first] = single;
    const token = isRecord(first) ? first["SpecialToken"] : undefined;
    if (step["type"] === "TemplateProcessing" && isRecord(token) && typeof token["id"] === "string") return token["id"];
  }
  return undefined;
}

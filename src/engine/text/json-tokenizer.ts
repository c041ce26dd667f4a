/**
 * The tokenizer that transformers calls fast: `tokenizer.json`, for Gemma, Mixtral, LLaMA-3 and SmolLM2.
 *
 * Normalizing, splitting and merging is the library's; this side decides where special tokens are looked for (see
 * `special-tokens.ts`) and spells tokens as bytes.
 */
import { BPE, Tokenizer as LibraryTokenizer } from "@huggingface/tokenizers";
import { mergePairs, MergeTable } from "./byte-pair-merge";
import { checkTokenizerJson, type TokenizerJson } from "./json-tokenizer-file";
import { SpecialTokens, standIn, type TextSegment } from "./special-tokens";
import { decodeTokens } from "./stream";
import { isByteToken, type Spelling, tokenBytes } from "./token-bytes";
import type { Tokenizer } from "./tokenizer";
import { type AddedToken, endTokensOf, type TokenizerConfig } from "./tokenizer-config";
import { invalidTokenizer, isRecord, readTokenizerJson } from "./tokenizer-file";

/** UTF-16 units; the library doesn't remember longer words either. */
const longWord = 256;

/** Classes with an `add_bos_token` of their own, which they put above what tokenizer.json says. */
const slowClasses = new Set(["LlamaTokenizer", "GemmaTokenizer"]);

/** @throws FailureError `tokenizer-invalid`, `file-too-large`, `file-unreadable`. */
export async function loadJsonTokenizer(file: string, config: TokenizerConfig): Promise<Tokenizer> {
  return new JsonTokenizer(file, checkTokenizerJson(file, await readTokenizerJson(file), config), config);
}

class JsonTokenizer implements Tokenizer {
  readonly vocabularySize: number;
  readonly beginToken: number | undefined;
  readonly addsBeginToken: boolean;
  readonly endTokens: readonly number[];
  readonly stripsLeadingSpace: boolean;
  readonly spelling: Spelling;
  readonly #special: SpecialTokens;
  readonly #added: ReadonlyMap<number, AddedToken>;
  readonly #library: LibraryTokenizer;
  readonly #unknown: number | undefined;

  constructor(file: string, json: TokenizerJson, config: TokenizerConfig) {
    this.#added = new Map(json.added.map((token) => [token.id, token]));
    this.#special = new SpecialTokens(json.added.filter(({ special }) => special));
    this.#library = buildLibraryTokenizer(file, json);
    this.vocabularySize = json.vocabularySize;
    this.spelling = json.spelling;
    this.stripsLeadingSpace = json.stripsLeadingSpace;

    const opening =
      slowClasses.has(config.tokenizerClass) && config.addsBegin !== false ? config.begin : json.addsBegin;
    this.beginToken = this.#idOf(config.begin ?? opening);
    const refused = slowClasses.has(config.tokenizerClass) && config.addsBegin === false;
    this.addsBeginToken = !refused && opening !== undefined && this.beginToken !== undefined;
    this.endTokens = endTokensOf(config, this.#idOf(config.end), this.#special);
    if (this.endTokens.length === 0) invalidTokenizer(file, "it has no end token");
    const model = isRecord(json.raw["model"]) ? json.raw["model"] : {};
    const unknown = model["unk_token"];
    this.#unknown = typeof unknown === "string" ? json.vocabulary[unknown] : undefined;
  }

  tokenOf(marker: string): number | undefined {
    return this.#special.idOf(marker);
  }

  encode(text: string, { plain = false }: { readonly plain?: boolean } = {}): number[] {
    return this.encodeSegments([{ text, plain }]);
  }

  encodeSegments(segments: readonly TextSegment[]): number[] {
    const marked = this.#special.mark(segments);
    if (marked === "") return [];
    const ids: readonly (number | undefined)[] = this.#library.encode(marked, { add_special_tokens: false }).ids;
    // What has no id is left out where the model knows no token for the unknown, as tokenizers does it.
    return ids.map((id) => id ?? this.#unknown).filter((id) => id !== undefined);
  }

  decode(ids: readonly number[]): string {
    return decodeTokens(this, ids);
  }

  bytesOf(id: number): Uint8Array {
    const added = this.#added.get(id);
    if (added !== undefined) return added.special ? new Uint8Array(0) : new TextEncoder().encode(added.content);
    const token = this.#library.id_to_token(id);
    return token === undefined || id === this.#unknown ? new Uint8Array(0) : tokenBytes(token, this.spelling);
  }

  isByte(id: number): boolean {
    const token = this.#added.has(id) ? undefined : this.#library.id_to_token(id);
    return token !== undefined && isByteToken(token, this.spelling);
  }

  #idOf(marker: string | undefined): number | undefined {
    return marker === undefined ? undefined : this.#special.idOf(marker);
  }
}

/** The library's tokenizer, which knows stand-ins where the file has the markers of special tokens. */
function buildLibraryTokenizer(file: string, { raw, added, merges, splitsWords }: TokenizerJson): LibraryTokenizer {
  const tokens = added.map((token) => ({
    ...token,
    content: token.special ? standIn(token.id) : token.content,
    normalized: false,
  }));
  const json = {
    ...raw,
    model: { ...(isRecord(raw["model"]) ? raw["model"] : {}), merges },
    added_tokens: tokens,
    normalizer: raw["normalizer"] ?? null,
    // Words alone are found in the library's memory; a text of many words as one is slow.
    pre_tokenizer: splitsWords ? wordSplit : (raw["pre_tokenizer"] ?? null),
    post_processor: null,
    decoder: null,
  };
  const library = libraryTokenizer(file, json);
  mergeLongWords(file, library, merges);
  return library;
}

function libraryTokenizer(file: string, json: object): LibraryTokenizer {
  try {
    return new LibraryTokenizer(json, {});
  } catch (thrown) {
    return invalidTokenizer(file, thrown instanceof Error ? thrown.message : String(thrown), thrown);
  }
}

/** The library makes a text of each merge, which takes half a minute for a word of a million letters. */
function mergeLongWords(file: string, library: LibraryTokenizer, merges: TokenizerJson["merges"]): void {
  const { model } = library;
  if (!(model instanceof BPE)) return invalidTokenizer(file, "its model is not BPE");
  const mergeShort = model.bpe.bind(model);
  const ids = model.tokens_to_ids;
  let table: MergeTable | undefined;
  model.bpe = (word) => {
    if (word.length < longWord) return mergeShort(word);
    table ??= mergesOf(merges, ids);
    const characters = Array.from(word);
    const symbols = Int32Array.from(characters, (character) => ids.get(character) ?? -1);
    return mergePairs(symbols, table).map(({ id, start }) => model.vocab[id] ?? characters[start] ?? "");
  };
}

function mergesOf(merges: TokenizerJson["merges"], ids: ReadonlyMap<string, number>): MergeTable {
  const table = new MergeTable();
  for (const [order, [left, right]] of merges.entries()) {
    const [leftId, rightId, id] = [ids.get(left), ids.get(right), ids.get(left + right)];
    if (leftId !== undefined && rightId !== undefined && id !== undefined) table.add(leftId, rightId, order, id);
  }
  return table;
}

const wordSplit = { type: "Split", pattern: { Regex: "▁*[^▁]+|▁+" }, behavior: "Isolated", invert: false };

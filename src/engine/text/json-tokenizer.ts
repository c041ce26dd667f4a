/**
 * The tokenizer that transformers calls fast: `tokenizer.json`, for Gemma, Mixtral, LLaMA-3 and SmolLM2.
 *
 * Normalizing, splitting and merging is the library's; this side decides where special tokens are looked for (see
 * `special-tokens.ts`) and spells tokens as bytes.
 */
import { Tokenizer as LibraryTokenizer } from "@huggingface/tokenizers";
import { SpecialTokens, standIn, type TextSegment } from "./special-tokens";
import { decodeTokens } from "./stream";
import { type Spelling, tokenBytes } from "./token-bytes";
import type { Tokenizer } from "./tokenizer";
import { type AddedToken, endTokensOf, readToken, type TokenizerConfig, vocabularyLimit } from "./tokenizer-config";
import { invalidTokenizer, isRecord, readTokenizerJson } from "./tokenizer-file";

type Json = Readonly<Record<string, unknown>>;

/** @throws FailureError `tokenizer-invalid`, `file-too-large`, `file-unreadable`. */
export async function loadJsonTokenizer(file: string, config: TokenizerConfig): Promise<Tokenizer> {
  return new JsonTokenizer(file, await readTokenizerJson(file), config);
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
  readonly #tokens: readonly (string | undefined)[];
  readonly #library: LibraryTokenizer;
  readonly #unknown: number | undefined;

  constructor(file: string, json: Json, config: TokenizerConfig) {
    const { model, decoder } = json;
    if (!isRecord(model) || model["type"] !== "BPE") return invalidTokenizer(file, "its model is not BPE");
    const added = readAdded(file, json["added_tokens"], config);
    this.#added = new Map(added.map((token) => [token.id, token]));
    this.#special = new SpecialTokens(added.filter(({ special }) => special));
    this.#tokens = readVocabulary(file, model["vocab"]);
    this.vocabularySize = added.reduce((size, { id }) => Math.max(size, id + 1), this.#tokens.length);
    this.spelling = spellingOf(file, decoder);
    this.stripsLeadingSpace = some(decoder, (part) => part["type"] === "Strip" && Number(part["start"]) > 0);
    this.#library = build(file, json, added);

    this.beginToken = this.#idOf(config.begin);
    const slowClass = config.tokenizerClass === "LlamaTokenizer" || config.tokenizerClass === "GemmaTokenizer";
    // Classes with an `add_bos_token` of their own put it above what the file says.
    const adds = slowClass ? (config.addsBegin ?? true) : opensWithToken(json["post_processor"]);
    this.addsBeginToken = adds && this.beginToken !== undefined;
    this.#unknown = this.#idOf(textOf(model["unk_token"]) ?? config.unknown);
    this.endTokens = endTokensOf(config, this.#idOf(config.end), this.#special);
    if (this.endTokens.length === 0) invalidTokenizer(file, "it has no end token");
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
    return ids.map((id) => id ?? this.#unknown).filter((id) => id !== undefined);
  }

  decode(ids: readonly number[]): string {
    return decodeTokens(this, ids);
  }

  bytesOf(id: number): Uint8Array {
    const added = this.#added.get(id);
    if (added !== undefined) return added.special ? new Uint8Array(0) : new TextEncoder().encode(added.content);
    const token = this.#tokens[id];
    return token === undefined || id === this.#unknown ? new Uint8Array(0) : tokenBytes(token, this.spelling);
  }

  #idOf(marker: string | undefined): number | undefined {
    return marker === undefined ? undefined : this.#special.idOf(marker);
  }
}

/** The library's tokenizer, which knows stand-ins instead of the markers of special tokens. */
function build(file: string, json: Json, added: readonly AddedToken[]): LibraryTokenizer {
  const described: readonly unknown[] = Array.isArray(json["added_tokens"]) ? json["added_tokens"] : [];
  const ordinary = described.filter((token) => isRecord(token) && !added.some((a) => a.special && a.id === token["id"]));
  const special = added.filter((token) => token.special);
  const tokens = [
    ...ordinary,
    ...special.map((token) => ({ ...token, content: standIn(token.id), normalized: false, single_word: false })),
  ];
  const parts = { normalizer: null, pre_tokenizer: null, post_processor: null };
  try {
    return new LibraryTokenizer({ ...parts, ...json, added_tokens: tokens, post_processor: null }, {});
  } catch (thrown) {
    return invalidTokenizer(file, thrown instanceof Error ? thrown.message : String(thrown), thrown);
  }
}

function readAdded(file: string, value: unknown, config: TokenizerConfig): AddedToken[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [];
  const tokens = list.map((entry) => readToken(file, entry, isRecord(entry) ? entry["id"] : undefined));
  const known = new Set(tokens.map(({ content }) => content));
  const all = [...tokens, ...config.added.filter(({ content }) => !known.has(content))];
  const ids = new Set(all.map(({ id }) => id));
  if (ids.size !== all.length) invalidTokenizer(file, "two added tokens have the same id");
  return all.map((token) => ({ ...token, special: token.special || config.special.has(token.content) }));
}

/** Tokens by id. */
function readVocabulary(file: string, value: unknown): (string | undefined)[] {
  if (!isRecord(value)) return invalidTokenizer(file, "it has no vocabulary");
  const tokens: (string | undefined)[] = [];
  for (const [token, id] of Object.entries(value)) {
    if (typeof id !== "number" || !Number.isInteger(id) || id < 0 || id >= vocabularyLimit) {
      return invalidTokenizer(file, `the token ${token.slice(0, 40)} has the id ${String(id)}`);
    }
    tokens[id] = token;
  }
  if (tokens.length === 0) invalidTokenizer(file, "its vocabulary is empty");
  return tokens;
}

function spellingOf(file: string, decoder: unknown): Spelling {
  if (some(decoder, ({ type }) => type === "ByteLevel")) return "byte-level";
  const replaces = (part: Json): boolean => part["type"] === "Replace" || part["type"] === "Metaspace";
  return some(decoder, replaces) ? "sentencepiece" : invalidTokenizer(file, "its decoder is not supported");
}

/** Whether the post-processor puts a token before the text. */
function opensWithToken(processor: unknown): boolean {
  return some(processor, ({ type, single }) => {
    const first: unknown = type === "TemplateProcessing" && Array.isArray(single) ? single[0] : undefined;
    return isRecord(first) && "SpecialToken" in first;
  });
}

/** Whether a part of a pipeline, which may be a sequence of parts, is such a one. */
function some(pipeline: unknown, is: (part: Json) => boolean): boolean {
  if (!isRecord(pipeline)) return false;
  const inner: unknown = pipeline["decoders"] ?? pipeline["processors"];
  return is(pipeline) || (Array.isArray(inner) && inner.some((part) => some(part, is)));
}

const textOf = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

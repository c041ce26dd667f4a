/**
 * The tokenizer that transformers calls slow: SentencePiece BPE from `tokenizer.model`, for Vicuna and Yi.
 *
 * Source: transformers 4.36, tokenization_utils.py (`tokenize`) and models/llama/tokenization_llama.py: special tokens
 * are cut out first and each text between them goes through SentencePiece alone. With `legacy` the model's own
 * normalizer puts a space before each of these texts; without, a space is put once, before the first.
 */
import { mergePairs, MergeTable } from "./byte-pair-merge";
import { type Piece, readSentencePieceModel, type SentencePieceModel } from "./sentencepiece-model";
import { markedParts, SpecialTokens, type TextSegment } from "./special-tokens";
import { decodeTokens } from "./stream";
import { tokenBytes } from "./token-bytes";
import type { Tokenizer } from "./tokenizer";
import { type AddedToken, endTokensOf, type TokenizerConfig } from "./tokenizer-config";
import { invalidTokenizer } from "./tokenizer-file";

const space = "▁";
/** Words longer than this are not worth remembering. */
const longestRemembered = 64;
const remembered = 20_000;
/** Characters; a longer piece in a file from outside would cost time for nothing. */
const longestPiece = 1024;

/** @throws FailureError `tokenizer-invalid`, `file-too-large`, `file-unreadable`. */
export async function loadSentencePieceTokenizer(file: string, config: TokenizerConfig): Promise<Tokenizer> {
  return new SentencePieceTokenizer(file, await readSentencePieceModel(file), config);
}

class SentencePieceTokenizer implements Tokenizer {
  readonly vocabularySize: number;
  readonly beginToken: number | undefined;
  readonly addsBeginToken: boolean;
  readonly endTokens: readonly number[];
  readonly stripsLeadingSpace: boolean;
  readonly spelling = "sentencepiece";
  readonly #model: SentencePieceModel;
  readonly #legacy: boolean;
  readonly #added: ReadonlyMap<number, AddedToken>;
  readonly #special: SpecialTokens;
  /** Markers that the files beside the model name as special. */
  readonly #named: ReadonlySet<string>;
  readonly #bytes: ReadonlyMap<number, number>;
  readonly #unknown: number;
  /** What encoding can reach: neither control, unknown nor byte pieces. */
  readonly #reachable: ReadonlyMap<string, number>;
  readonly #merges: MergeTable;
  /** Pieces that are never taken apart. */
  readonly #whole: RegExp | undefined;
  readonly #words: RegExp | undefined;
  readonly #remembered = new Map<string, readonly number[]>();

  constructor(file: string, model: SentencePieceModel, config: TokenizerConfig) {
    const { pieces } = model;
    const added = addedTokens(pieces, config);
    this.#model = model;
    this.#legacy = config.legacy;
    this.#named = config.special;
    this.#added = new Map(added.map((token) => [token.id, token]));
    this.#special = new SpecialTokens(added.filter(({ special }) => special));
    this.vocabularySize = added.reduce((size, { id }) => Math.max(size, id + 1), pieces.length);
    this.#unknown = pieces.findIndex(({ type }) => type === "unknown");
    if (this.#unknown < 0) invalidTokenizer(file, "it has no piece for unknown characters");
    this.#bytes = bytePieces(file, model);

    const special = new Set(added.filter((token) => token.special).map(({ content }) => content));
    const usable = [...pieces.entries()].filter(
      ([, { type, text }]) => (type === "normal" || type === "user-defined") && !special.has(text),
    );
    this.#reachable = new Map(usable.map(([id, { text }]) => [text, id]));
    this.#merges = mergesOf(usable, this.#reachable);
    this.#whole = alternatives([
      ...usable.filter(([, { type }]) => type === "user-defined").map(([, { text }]) => text),
      ...added.filter((token) => !token.special).map(({ content }) => content),
    ]);
    // Where no piece has a space behind another character, nothing is ever merged across the start of a word.
    this.#words = usable.some(([, { text }]) => /[^▁]▁/.test(text)) ? undefined : /▁*[^▁]+|▁+/g;

    this.beginToken = this.#special.idOf(config.begin ?? "<s>");
    this.addsBeginToken = this.beginToken !== undefined && (config.addsBegin ?? true);
    this.endTokens = endTokensOf(config, this.#special.idOf(config.end ?? "</s>"), this.#special);
    if (this.endTokens.length === 0) invalidTokenizer(file, "it has no end token");
    this.stripsLeadingSpace = config.tokenizerClass !== "GemmaTokenizer";
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
    const parts = [...markedParts(this.#legacy ? marked : space + marked.replaceAll(space, " "))];
    const ids = parts.flatMap((part, index) =>
      typeof part === "number" ? [part] : this.#encodeText(this.#stripped(part, parts[index - 1], parts[index + 1])),
    );
    // Without `legacy`, the space that was put before a special token is taken away again.
    const lone = !this.#legacy && parts[0] === space && typeof parts[1] === "number";
    return lone ? ids.slice(1) : ids;
  }

  decode(ids: readonly number[]): string {
    return decodeTokens(this, ids);
  }

  bytesOf(id: number): Uint8Array {
    const added = this.#added.get(id);
    const piece = this.#model.pieces[id];
    // Markers that the files beside the model don't name as special are text, as the reference shows it.
    const shown = added === undefined || !this.#named.has(added.content);
    if (!shown || piece?.type === "control" || piece?.type === "unknown") return new Uint8Array(0);
    const text = added?.content ?? piece?.text;
    return text === undefined ? new Uint8Array(0) : tokenBytes(text, "sentencepiece");
  }

  isByte(id: number): boolean {
    return this.#model.pieces[id]?.type === "byte";
  }

  /** Special tokens may take the whitespace beside them along. */
  #stripped(text: string, before: string | number | undefined, after: string | number | undefined): string {
    const strips = (id: string | number | undefined, side: "lstrip" | "rstrip"): boolean =>
      typeof id === "number" && this.#added.get(id)?.[side] === true;
    const from = strips(before, "rstrip") ? text.trimStart() : text;
    return strips(after, "lstrip") ? from.trimEnd() : from;
  }

  #encodeText(text: string): number[] {
    const normalized = this.#normalize(text);
    const ids: number[] = [];
    let at = 0;
    for (const match of this.#whole === undefined ? [] : normalized.matchAll(this.#whole)) {
      this.#encodeWords(normalized.slice(at, match.index), ids);
      ids.push(this.#wholeId(match[0]));
      at = match.index + match[0].length;
    }
    this.#encodeWords(normalized.slice(at), ids);
    return ids;
  }

  #normalize(text: string): string {
    const { addDummyPrefix, removeExtraWhitespaces } = this.#model;
    let normalized = text.replaceAll(" ", space);
    if (removeExtraWhitespaces) {
      normalized = normalized.replace(/▁+/g, space).replace(/▁$/, "");
      if (this.#legacy) normalized = normalized.replace(/^▁/, "");
    }
    return this.#legacy && addDummyPrefix && normalized !== "" ? space + normalized : normalized;
  }

  #wholeId(text: string): number {
    const reachable = this.#reachable.get(text);
    if (reachable !== undefined) return reachable;
    for (const { id, content } of this.#added.values()) if (content === text) return id;
    return this.#unknown;
  }

  #encodeWords(text: string, ids: number[]): void {
    if (text === "") return;
    const words = this.#words === undefined ? [text] : (text.match(this.#words) ?? []);
    for (const word of words) for (const id of this.#encodeWord(word)) this.#append(ids, id);
  }

  #encodeWord(word: string): readonly number[] {
    const known = this.#remembered.get(word);
    if (known !== undefined) return known;
    const characters = Array.from(word);
    const symbols = Int32Array.from(characters, (character) => this.#reachable.get(character) ?? -1);
    const ids = mergePairs(symbols, this.#merges).flatMap(({ id, start }) =>
      id >= 0 ? id : this.#fallback(characters[start] ?? ""),
    );
    if (word.length <= longestRemembered) {
      if (this.#remembered.size >= remembered) this.#remembered.clear();
      this.#remembered.set(word, ids);
    }
    return ids;
  }

  #fallback(character: string): number[] {
    if (!this.#model.byteFallback) return [this.#unknown];
    return Array.from(new TextEncoder().encode(character), (byte) => this.#bytes.get(byte) ?? this.#unknown);
  }

  /** Neighbouring unknown characters count as one. */
  #append(ids: number[], id: number): void {
    if (id !== this.#unknown || ids.at(-1) !== this.#unknown) ids.push(id);
  }
}

/** The added tokens of the files, which win, and those that only the model knows to be special. */
function addedTokens(pieces: readonly Piece[], config: TokenizerConfig): AddedToken[] {
  const added = new Map<number, AddedToken>();
  for (const [id, { text, type }] of pieces.entries()) {
    // Yi's turn markers are user-defined pieces, of which only some are named in the files beside.
    const marker = type === "user-defined" && /^<\|.*\|>$/.test(text);
    if (type === "control" || type === "unknown" || marker || config.special.has(text)) {
      added.set(id, { id, content: text, special: true, lstrip: false, rstrip: false });
    }
  }
  for (const token of config.added) {
    added.set(token.id, { ...token, special: token.special || config.special.has(token.content) });
  }
  return [...added.values()];
}

/** Each piece is made by every pair of pieces that spell it, the sooner the higher its score. */
function mergesOf(pieces: readonly (readonly [number, Piece])[], ids: ReadonlyMap<string, number>): MergeTable {
  const table = new MergeTable();
  const scores = [...new Set(pieces.map(([, { score }]) => score))].sort((a, b) => b - a);
  const orders = new Map(scores.map((score, order) => [score, order]));
  for (const [id, { text, score }] of pieces) {
    for (let at = 1; at < Math.min(text.length, longestPiece); at++) {
      const [left, right] = [ids.get(text.slice(0, at)), ids.get(text.slice(at))];
      if (left !== undefined && right !== undefined) table.add(left, right, orders.get(score) ?? 0, id);
    }
  }
  return table;
}

function bytePieces(file: string, { pieces, byteFallback }: SentencePieceModel): Map<number, number> {
  const bytes = new Map<number, number>();
  for (const [id, { text, type }] of pieces.entries()) {
    const [byte] = type === "byte" ? tokenBytes(text, "sentencepiece") : [];
    if (byte !== undefined) bytes.set(byte, id);
  }
  if (byteFallback && bytes.size !== 256) invalidTokenizer(file, `it has ${bytes.size} of 256 bytes`);
  return bytes;
}

function alternatives(texts: readonly string[]): RegExp | undefined {
  const longestFirst = [...new Set(texts)].sort((a, b) => b.length - a.length);
  const escaped = longestFirst.map((text) => text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&"));
  return escaped.length > 0 ? new RegExp(escaped.join("|"), "g") : undefined;
}

/**
 * Tokenizers from `tokenizer.json`, run by the library @huggingface/tokenizers.
 *
 * The library gets a checked and slightly changed description: special tokens are known by their stand-ins
 * (`special-tokens.ts`), merges that would spell a marker out of text are left out, and long texts are cut where
 * nothing can be merged anyway. Ids stay those of the file.
 */
import { Tokenizer as LibraryTokenizer } from "@huggingface/tokenizers";
import { checkTokenizerJson, type TokenizerJson } from "./json-tokenizer-file";
import { SpecialTokens, standIn, type TextSegment } from "./special-tokens";
import { tokenBytes } from "./token-bytes";
import type { Tokenizer } from "./tokenizer";
import type { AddedToken, TokenizerConfig } from "./tokenizer-config";
import { invalidTokenizer, readTokenizerJson } from "./tokenizer-file";

/** @throws FailureError `tokenizer-invalid`, `file-too-large`, `file-unreadable`. */
export async function loadJsonTokenizer(file: string, config: TokenizerConfig): Promise<Tokenizer> {
  const json = checkTokenizerJson(file, await readTokenizerJson(file), config);
  let library: LibraryTokenizer;
  try {
    library = new LibraryTokenizer(describe(json), { clean_up_tokenization_spaces: false });
  } catch (thrown) {
    return invalidTokenizer(file, thrown instanceof Error ? thrown.message : "the library refused it", thrown);
  }
  return new JsonTokenizer(file, json, library, config);
}

class JsonTokenizer implements Tokenizer {
  readonly vocabularySize: number;
  readonly beginToken: number | undefined;
  readonly addsBeginToken: boolean;
  readonly endTokens: readonly number[];
  readonly stripsLeadingSpace: boolean;
  readonly #library: LibraryTokenizer;
  readonly #spelling: TokenizerJson["spelling"];
  readonly #special: SpecialTokens;
  readonly #added: ReadonlyMap<number, AddedToken>;

  constructor(file: string, json: TokenizerJson, library: LibraryTokenizer, config: TokenizerConfig) {
    this.#library = library;
    this.#spelling = json.spelling;
    this.#special = new SpecialTokens(json.added.filter(({ special }) => special));
    this.#added = new Map(json.added.map((token) => [token.id, token]));
    this.vocabularySize = json.vocabularySize;
    this.beginToken = config.begin === undefined ? undefined : this.#special.idOf(config.begin);
    this.addsBeginToken = this.beginToken !== undefined && (config.addsBegin ?? json.addsBegin === config.begin);
    const end = config.end === undefined ? undefined : this.#special.idOf(config.end);
    if (end === undefined) invalidTokenizer(file, "tokenizer_config.json names no end token that it has");
    this.endTokens = [end];
    this.stripsLeadingSpace = json.stripsLeadingSpace;
  }

  specialToken(marker: string): number | undefined {
    return this.#special.idOf(marker);
  }

  encode(text: string, { plain = false }: { readonly plain?: boolean } = {}): number[] {
    return this.encodeSegments([{ text, plain }]);
  }

  encodeSegments(segments: readonly TextSegment[]): number[] {
    const marked = this.#special.mark(segments);
    return marked === "" ? [] : this.#library.encode(marked, { add_special_tokens: false }).ids;
  }

  bytesOf(id: number): Uint8Array {
    const added = this.#added.get(id);
    if (added !== undefined) return added.special ? new Uint8Array(0) : new TextEncoder().encode(added.content);
    const token = this.#library.id_to_token(id);
    return token === undefined ? new Uint8Array(0) : tokenBytes(token, this.#spelling);
  }
}

/** The description that the library is built from. */
function describe({ raw, added, vocabulary, merges, splitsWords }: TokenizerJson): object {
  const special = new Set(added.filter((token) => token.special).map(({ content }) => content));
  const model = raw["model"] as Readonly<Record<string, unknown>>;
  return {
    normalizer: raw["normalizer"] ?? null,
    pre_tokenizer: splitsWords
      ? { type: "Split", pattern: { Regex: "▁*[^▁]+|▁+" }, behavior: "Isolated", invert: false }
      : (raw["pre_tokenizer"] ?? null),
    post_processor: null,
    decoder: null,
    added_tokens: added.map((token) => ({
      ...token,
      content: token.special ? standIn(token.id) : token.content,
      normalized: false,
    })),
    model: {
      ...model,
      // Neither merges nor whole words may give a marker; the one for unknown characters is the only exception.
      vocab: Object.fromEntries(
        Object.entries(vocabulary).filter(([token]) => !special.has(token) || token === model["unk_token"]),
      ),
      merges: merges.filter(([left, right]) => !special.has(left + right)),
    },
  };
}

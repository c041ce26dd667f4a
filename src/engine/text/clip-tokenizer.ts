/**
 * CLIP's tokenizer: lower-case words split by a pattern, each spelled in bytes and merged by pairs.
 *
 * Source: openai/CLIP, clip/simple_tokenizer.py; huggingface/transformers, models/clip/tokenization_clip.py, and
 * convert_slow_tokenizer.py (`CLIPConverter`: NFC, white space as one space, lower case).
 */
import { stat } from "node:fs/promises";
import path from "node:path";
import { FailureError } from "../../shared/failure";
import { mergePairs, MergeTable } from "./byte-pair-merge";
import { invalidTokenizer, isRecord, readTokenizerFile, readTokenizerJson } from "./tokenizer-file";

export interface ClipTokens {
  /** Begin, text, end, then padding up to the length asked for. */
  readonly ids: readonly number[];
  /** Place of the first end token. */
  readonly end: number;
  /** Tokens of the text that did not fit. */
  readonly leftOut: number;
}

export interface ClipTokenizer {
  /** Highest token id + 1. */
  readonly vocabularySize: number;
  /** Longest sequence by the tokenizer's own configuration. */
  readonly maxLength: number;
  encode(text: string, length: number): ClipTokens;
}

/** End of a word, as the vocabulary spells it. */
const wordEnd = "</w>";
const words = /'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\s\p{L}\p{N}]+/gu;

/**
 * Reads `vocab.json` and `merges.txt`, or the same in `tokenizer.json`, with what tokenizer_config.json says.
 *
 * @throws FailureError `tokenizer-missing`, `tokenizer-invalid`, `file-too-large`, `file-unreadable`.
 */
export async function loadClipTokenizer(folder: string): Promise<ClipTokenizer> {
  const { file, vocabulary, merges } = await readModel(folder);
  const config = await readIfThere(path.join(folder, "tokenizer_config.json"));
  const special = await readIfThere(path.join(folder, "special_tokens_map.json"));
  const table = new MergeTable();
  for (const [order, [left, right]] of merges.entries()) {
    const [a, b, merged] = [vocabulary.get(left), vocabulary.get(right), vocabulary.get(left + right)];
    // A pair whose parts or whole are no tokens can never be merged.
    if (a !== undefined && b !== undefined && merged !== undefined) table.add(a, b, order, merged);
  }
  const specials = new Map<string, number>();
  const marker = (name: string, usual: string): number => {
    const text = markerOf(config[name]) ?? markerOf(special[name]) ?? usual;
    const id = vocabulary.get(text) ?? invalidTokenizer(file, `its ${name} ${text} is no token`);
    specials.set(text, id);
    return id;
  };
  const begin = marker("bos_token", "<|startoftext|>");
  const end = marker("eos_token", "<|endoftext|>");
  const padding = marker("pad_token", "<|endoftext|>");
  const pattern = anyOf([...specials.keys()]);
  const spelling = byteSpelling(file, vocabulary);
  const { model_max_length: longest } = config;
  return {
    vocabularySize: [...vocabulary.values()].reduce((most, id) => Math.max(most, id + 1), 0),
    maxLength: typeof longest === "number" && longest >= 2 && longest < 1e6 ? Math.floor(longest) : Infinity,
    encode: (text, length) => {
      const ids = normalise(text)
        .split(pattern)
        .flatMap(
          (part) =>
            specials.get(part) ?? (part.match(words) ?? []).flatMap((word) => wordTokens(word, spelling, table)),
        );
      const kept = ids.slice(0, length - 2);
      const filled = [begin, ...kept, end];
      const endPlace = filled.indexOf(end);
      while (filled.length < length) filled.push(padding);
      return { ids: filled, end: endPlace, leftOut: ids.length - kept.length };
    },
  };
}

const normalise = (text: string): string => text.normalize("NFC").replace(/\s+/gu, " ").toLowerCase();

/** Splits at special tokens, and keeps them. They count wherever they stand: SDXL's second tokenizer pads with "!". */
function anyOf(markers: readonly string[]): RegExp {
  const escaped = markers
    .filter((marker) => marker !== "")
    .map((marker) => marker.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"));
  return new RegExp(`(${escaped.join("|")})`, "u");
}

function wordTokens(word: string, { inside, last }: ByteSpelling, table: MergeTable): number[] {
  const bytes = Buffer.from(word, "utf8");
  const symbols = Int32Array.from(bytes, (byte, i) => (i === bytes.length - 1 ? last : inside)[byte] ?? -1);
  return mergePairs(symbols, table).map(({ id }) => id);
}

/** The token of each byte, inside a word and at its end. */
interface ByteSpelling {
  readonly inside: readonly number[];
  readonly last: readonly number[];
}

function byteSpelling(file: string, vocabulary: ReadonlyMap<string, number>): ByteSpelling {
  const unknown = vocabulary.get("<|endoftext|>");
  const tokenOf = (text: string): number =>
    vocabulary.get(text) ?? unknown ?? invalidTokenizer(file, `it has no token for ${text}`);
  const characters = byteCharacters();
  return { inside: characters.map(tokenOf), last: characters.map((character) => tokenOf(character + wordEnd)) };
}

/** GPT-2's spelling of bytes: printable Latin-1 as it is, the others by the characters from U+0100 on. */
function byteCharacters(): readonly string[] {
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => {
    const printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    return String.fromCodePoint(printable ? byte : next++);
  });
}

interface PairModel {
  readonly file: string;
  readonly vocabulary: ReadonlyMap<string, number>;
  readonly merges: readonly (readonly [string, string])[];
}

async function readModel(folder: string): Promise<PairModel> {
  const file = path.join(folder, "vocab.json");
  const mergesFile = path.join(folder, "merges.txt");
  if ((await isFile(file)) && (await isFile(mergesFile))) {
    const lines = (await readTokenizerFile(mergesFile)).toString("utf8").split(/\r?\n/);
    const merges = lines.filter((line) => line !== "" && !line.startsWith("#version"));
    return { file, vocabulary: vocabularyOf(file, await readTokenizerJson(file)), merges: pairs(mergesFile, merges) };
  }
  const json = path.join(folder, "tokenizer.json");
  if (!(await isFile(json))) throw new FailureError({ code: "tokenizer-missing", folder });
  const { model, added_tokens: added } = await readTokenizerJson(json);
  if (!isRecord(model) || !isRecord(model["vocab"]) || !Array.isArray(model["merges"])) {
    return invalidTokenizer(json, "it is no byte-pair tokenizer");
  }
  const vocabulary = new Map(vocabularyOf(json, model["vocab"]));
  for (const token of Array.isArray(added) ? (added as unknown[]) : []) {
    if (isRecord(token) && typeof token["content"] === "string" && Number.isInteger(token["id"])) {
      vocabulary.set(token["content"], Number(token["id"]));
    }
  }
  return { file: json, vocabulary, merges: pairs(json, model["merges"]) };
}

function vocabularyOf(file: string, entries: Readonly<Record<string, unknown>>): ReadonlyMap<string, number> {
  const isId = (id: unknown): id is number => Number.isInteger(id) && Number(id) >= 0 && Number(id) < 2 ** 21;
  return new Map(
    Object.entries(entries).map(([token, id]) => {
      if (!isId(id)) return invalidTokenizer(file, `the id of ${token.slice(0, 40)} is ${String(id).slice(0, 40)}`);
      return [token, id];
    }),
  );
}

function pairs(file: string, merges: readonly unknown[]): readonly (readonly [string, string])[] {
  return merges.map((merge) => {
    const parts: readonly unknown[] = typeof merge === "string" ? merge.split(" ") : Array.isArray(merge) ? merge : [];
    const [left, right, ...rest] = parts;
    if (typeof left !== "string" || typeof right !== "string" || rest.length > 0) {
      return invalidTokenizer(file, `one of its merges is ${JSON.stringify(merge).slice(0, 40)}`);
    }
    return [left, right];
  });
}

async function readIfThere(file: string): Promise<Readonly<Record<string, unknown>>> {
  return (await isFile(file)) ? readTokenizerJson(file) : {};
}

const markerOf = (value: unknown): string | undefined => {
  const text = isRecord(value) ? value["content"] : value;
  return typeof text === "string" ? text : undefined;
};

async function isFile(file: string): Promise<boolean> {
  return (await stat(file).catch(() => undefined))?.isFile() === true;
}

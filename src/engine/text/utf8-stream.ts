/**
 * UTF-8 bytes to text, token by token.
 *
 * Bytes that are no UTF-8 become U+FFFD, and tokenizers differ in how many: SentencePiece gives one for each byte
 * (src/sentencepiece_processor.cc, `Decode`); byte-level tokenizers one for each character that breaks off, as Unicode
 * advises; huggingface's tokenizers with byte fallback one for each byte of a whole run of byte tokens if any of them
 * is wrong (decoders/byte_fallback.rs), so that a run can only be shown when it has ended.
 */
const replacement = "\uFFFD";

export interface Utf8Stream {
  /**
   * @param bytes of one token
   * @param isByte whether the token stands for a byte rather than a text
   * @returns the characters that are whole now
   */
  push(bytes: Uint8Array, isByte: boolean): string;
  /** @returns U+FFFD for what was held back and will never be whole. */
  end(): string;
}

/** Shows each character as soon as it is whole. */
export class CharacterStream implements Utf8Stream {
  readonly #mark: "byte" | "sequence";
  /** The beginning of a character, 0 to 3 bytes. */
  #held: number[] = [];

  /** @param mark what one U+FFFD stands for */
  constructor(mark: "byte" | "sequence") {
    this.#mark = mark;
  }

  push(bytes: Uint8Array): string {
    let text = "";
    for (const byte of bytes) text += this.#next(byte);
    return text;
  }

  end(): string {
    const text = this.#broken();
    this.#held = [];
    return text;
  }

  #next(byte: number): string {
    const held = this.#held;
    if (held.length > 0) {
      if (!continues(held, byte)) return this.end() + this.#next(byte);
      held.push(byte);
      if (held.length < lengthOf(held[0] ?? 0)) return "";
      this.#held = [];
      return character(held);
    }
    const length = lengthOf(byte);
    if (length === 1) return String.fromCharCode(byte);
    if (length === 0) return replacement;
    held.push(byte);
    return "";
  }

  #broken(): string {
    if (this.#held.length === 0) return "";
    return this.#mark === "byte" ? replacement.repeat(this.#held.length) : replacement;
  }
}

/** Shows runs of byte tokens when they have ended. */
export class RunStream implements Utf8Stream {
  readonly #decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  #run: number[] = [];

  push(bytes: Uint8Array, isByte: boolean): string {
    if (isByte) this.#run.push(...bytes);
    // Special tokens give nothing, and are not there for the decoder.
    return isByte || bytes.length === 0 ? "" : this.end() + this.#decoder.decode(bytes);
  }

  end(): string {
    const run = Uint8Array.from(this.#run);
    this.#run = [];
    try {
      return this.#decoder.decode(run);
    } catch (thrown) {
      if (thrown instanceof TypeError) return replacement.repeat(run.length);
      throw thrown;
    }
  }
}

/** Bytes of the character that a byte begins; 0 where none can begin with it. */
function lengthOf(lead: number): number {
  if (lead < 0x80) return 1;
  if (lead < 0xc2) return 0;
  if (lead < 0xe0) return 2;
  if (lead < 0xf0) return 3;
  return lead < 0xf5 ? 4 : 0;
}

/** Whether a byte may follow: no overlong forms, no surrogates, nothing beyond U+10FFFF (Unicode, table 3-7). */
function continues(held: readonly number[], byte: number): boolean {
  let [from, to] = [0x80, 0xbf];
  if (held.length === 1) {
    if (held[0] === 0xe0) from = 0xa0;
    if (held[0] === 0xed) to = 0x9f;
    if (held[0] === 0xf0) from = 0x90;
    if (held[0] === 0xf4) to = 0x8f;
  }
  return byte >= from && byte <= to;
}

function character([lead = 0, ...rest]: readonly number[]): string {
  const bits = lead & (0xff >> (rest.length + 2));
  return String.fromCodePoint(rest.reduce((code, byte) => (code << 6) | (byte & 0x3f), bits));
}

/**
 * UTF-8 bytes to text, piece by piece.
 *
 * Bytes that are no UTF-8 become U+FFFD: one for each byte, as SentencePiece does it, or one for each beginning of a
 * character that breaks off, as Unicode advises and `TextDecoder` does it.
 */
const replacement = "\uFFFD";

export class Utf8Stream {
  readonly #mark: "byte" | "sequence";
  /** The beginning of a character, 0 to 3 bytes. */
  #held: number[] = [];

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

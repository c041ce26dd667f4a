/**
 * A pull parser for JSON files of known form and any size: the headers and indices of checkpoints.
 *
 * JSON.parse would build whatever a hostile file holds and keep the last of two members of one name; here nothing is
 * built that was not asked for, and a name that comes twice is an error.
 * Source: RFC 8259.
 */

/** Not JSON, or not of the form asked for. */
export class JsonError extends Error {
  constructor(expected: string, position: number) {
    super(`at byte ${position}, ${expected} was expected`);
    this.name = "JsonError";
  }
}

/** A name that comes twice in one object. */
export class DuplicateMemberError extends Error {
  readonly member: string;

  constructor(member: string) {
    super(`${member} comes twice`);
    this.name = "DuplicateMemberError";
    this.member = member;
  }
}

const ascii = {
  quote: 0x22,
  comma: 0x2c,
  zero: 0x30,
  nine: 0x39,
  colon: 0x3a,
  openArray: 0x5b,
  backslash: 0x5c,
  closeArray: 0x5d,
  openObject: 0x7b,
  closeObject: 0x7d,
} as const;

/** Nested deeper than any file of interest, shallow enough for the call stack. */
const depthLimit = 64;

export class JsonReader {
  readonly #bytes: Buffer;
  #position = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /**
   * Reads an object; `member` is called for each name and reads its value.
   *
   * @throws JsonError, DuplicateMemberError
   */
  object(member: (name: string) => void): void {
    const names = new Set<string>();
    this.#sequence(ascii.openObject, ascii.closeObject, () => {
      const name = this.text();
      if (names.has(name)) throw new DuplicateMemberError(name);
      names.add(name);
      if (!this.#accept(ascii.colon)) throw this.#expected("a colon");
      member(name);
    });
  }

  /** Reads an array; `item` is called for each value and reads it. @throws JsonError */
  array(item: () => void): void {
    this.#sequence(ascii.openArray, ascii.closeArray, item);
  }

  /** @throws JsonError */
  text(): string {
    const { begin, end, escaped } = this.#string();
    if (!escaped) return this.#bytes.toString("utf8", begin, end);
    try {
      return JSON.parse(this.#bytes.toString("utf8", begin - 1, end + 1)) as string;
    } catch (thrown) {
      if (thrown instanceof SyntaxError) throw new JsonError("a text", begin);
      throw thrown;
    }
  }

  /** A whole number from 0 to 2⁵³ − 1, written in digits. @throws JsonError */
  count(): number {
    this.#skipSpace();
    const begin = this.#position;
    let value = 0;
    for (let byte = this.#peek(); byte >= ascii.zero && byte <= ascii.nine; byte = this.#peek()) {
      value = value * 10 + (byte - ascii.zero);
      this.#position++;
    }
    const continues = ".eE".includes(String.fromCharCode(this.#peek()));
    if (this.#position === begin || continues || !Number.isSafeInteger(value)) {
      throw new JsonError("a whole number of 53 bits", begin);
    }
    return value;
  }

  /** Passes over any value. @throws JsonError */
  skip(depth = 0): void {
    if (depth > depthLimit) throw this.#expected(`nesting of at most ${depthLimit}`);
    this.#skipSpace();
    switch (this.#peek()) {
      case ascii.quote:
        this.#string();
        return;
      case ascii.openArray:
        this.array(() => {
          this.skip(depth + 1);
        });
        return;
      case ascii.openObject:
        this.#sequence(ascii.openObject, ascii.closeObject, () => {
          this.#string();
          if (!this.#accept(ascii.colon)) throw this.#expected("a colon");
          this.skip(depth + 1);
        });
        return;
      default:
        this.#skipWord();
    }
  }

  /** Nothing but space may follow. @throws JsonError */
  end(): void {
    this.#skipSpace();
    if (this.#position < this.#bytes.length) throw this.#expected("the end");
  }

  #sequence(open: number, close: number, item: () => void): void {
    if (!this.#accept(open)) throw this.#expected(`"${String.fromCharCode(open)}"`);
    if (this.#accept(close)) return;
    do item();
    while (this.#accept(ascii.comma));
    if (!this.#accept(close)) throw this.#expected(`"${String.fromCharCode(close)}"`);
  }

  #string(): { begin: number; end: number; escaped: boolean } {
    if (!this.#accept(ascii.quote)) throw this.#expected("a text");
    const begin = this.#position;
    let escaped = false;
    for (let byte = this.#peek(); byte !== ascii.quote; byte = this.#peek()) {
      if (byte < 0x20) throw this.#expected("the end of a text");
      if (byte === ascii.backslash) {
        escaped = true;
        this.#position++;
      }
      this.#position++;
    }
    return { begin, end: this.#position++, escaped };
  }

  /** A number, true, false or null. */
  #skipWord(): void {
    const begin = this.#position;
    for (let byte = this.#peek(); byte > 0x20 && !isPunctuation(byte); byte = this.#peek()) this.#position++;
    const word = this.#bytes.toString("latin1", begin, Math.min(this.#position, begin + 32));
    if (!/^(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?)$/.test(word)) {
      throw new JsonError("a value", begin);
    }
  }

  #accept(byte: number): boolean {
    this.#skipSpace();
    if (this.#peek() !== byte) return false;
    this.#position++;
    return true;
  }

  #skipSpace(): void {
    for (let byte = this.#peek(); byte === 0x20 || (byte >= 0x09 && byte <= 0x0d); byte = this.#peek()) {
      this.#position++;
    }
  }

  /** The next byte; 0, which JSON never holds, at the end. */
  #peek(): number {
    return this.#bytes[this.#position] ?? 0;
  }

  #expected(what: string): JsonError {
    return new JsonError(what, this.#position);
  }
}

const isPunctuation = (byte: number): boolean =>
  byte === ascii.comma || byte === ascii.closeArray || byte === ascii.closeObject || byte === ascii.colon;

/** The bytes behind the spelling of a token. */

/**
 * How a vocabulary spells bytes: GPT-2's letters for bytes, or SentencePiece's `▁` and `<0x0A>`; `byte-fallback` is the
 * latter as huggingface's tokenizers decode it (see `utf8-stream.ts`).
 */
export type Spelling = "byte-level" | "sentencepiece" | "byte-fallback";

const byteOfLetter = byteLetters();
const encoder = new TextEncoder();

export function tokenBytes(token: string, spelling: Spelling): Uint8Array {
  if (spelling === "byte-level") {
    const bytes = Array.from(token, (letter) => byteOfLetter.get(letter));
    // Added tokens are spelled as they are.
    return bytes.every((byte) => byte !== undefined) ? Uint8Array.from(bytes) : encoder.encode(token);
  }
  const [, hex] = /^<0x([0-9A-F]{2})>$/.exec(token) ?? [];
  return hex === undefined ? encoder.encode(token.replaceAll("▁", " ")) : Uint8Array.of(Number.parseInt(hex, 16));
}

/** Whether a token stands for a byte rather than a text. */
export function isByteToken(token: string, spelling: Spelling): boolean {
  return spelling !== "byte-level" && /^<0x[0-9A-F]{2}>$/.test(token);
}

/** GPT-2's alphabet (encoder.py, bytes_to_unicode): visible Latin-1 for itself, U+0100 and on for the rest. */
function byteLetters(): ReadonlyMap<string, number> {
  const letters = new Map<string, number>();
  let next = 256;
  for (let byte = 0; byte < 256; byte++) {
    const visible = (byte > 32 && byte < 127) || (byte > 160 && byte < 256 && byte !== 173);
    letters.set(String.fromCodePoint(visible ? byte : next++), byte);
  }
  return letters;
}

/**
 * A rendered conversation as token ids.
 *
 * Source: dvlab-research/MGM, mgm/mm_utils.py (`tokenizer_image_token`): the text between two images is encoded alone,
 * the begin token stands once, at the start.
 */
import type { TextSegment } from "./special-tokens";
import type { Segment } from "./templates";
import type { Tokenizer } from "./tokenizer";

export type PromptPiece =
  { readonly kind: "tokens"; readonly ids: readonly number[] } | { readonly kind: "image"; readonly index: number };

/** Special tokens come from control segments only; their markers in a person's text are encoded as ordinary text. */
export function encodePrompt(
  tokenizer: Pick<Tokenizer, "encodeSegments" | "beginToken" | "addsBeginToken">,
  segments: readonly Segment[],
): readonly PromptPiece[] {
  const pieces: PromptPiece[] = [];
  let texts: TextSegment[] = [];
  let opening = tokenizer.addsBeginToken && tokenizer.beginToken !== undefined ? [tokenizer.beginToken] : [];
  const flush = (): void => {
    const ids = [...opening, ...tokenizer.encodeSegments(texts)];
    if (ids.length > 0) pieces.push({ kind: "tokens", ids });
    texts = [];
    opening = [];
  };
  for (const segment of segments) {
    if (segment.kind === "image") {
      flush();
      pieces.push({ kind: "image", index: segment.index });
    } else {
      texts.push({ text: segment.text, plain: segment.kind === "person" });
    }
  }
  flush();
  return pieces;
}

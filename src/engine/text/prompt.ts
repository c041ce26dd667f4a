/**
 * A prompt becomes token ids and places for images.
 *
 * Source: dvlab-research/MGM, mgm/mm_utils.py (`tokenizer_image_token`): the text between two images is tokenized
 * alone, a begin token stands only at the very start.
 */
import type { TextSegment } from "./special-tokens";
import type { PromptSegment } from "./templates";
import type { Tokenizer } from "./tokenizer";

export type PromptPiece =
  { readonly kind: "tokens"; readonly ids: readonly number[] } | { readonly kind: "image"; readonly index: number };

export function encodePrompt(tokenizer: Tokenizer, segments: readonly PromptSegment[]): PromptPiece[] {
  const pieces: PromptPiece[] = [];
  const { beginToken, addsBeginToken } = tokenizer;
  let start = addsBeginToken && beginToken !== undefined ? [beginToken] : [];
  let between: TextSegment[] = [];
  const close = (): void => {
    const ids = [...start, ...tokenizer.encodeSegments(between)];
    if (ids.length > 0) pieces.push({ kind: "tokens", ids });
    start = [];
    between = [];
  };
  for (const segment of segments) {
    if (segment.kind === "image") {
      close();
      pieces.push(segment);
    } else between.push({ text: segment.text, plain: segment.kind === "text" });
  }
  close();
  return pieces;
}

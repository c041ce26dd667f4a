/** The positions of a prompt: token ids and visual tokens, one after another, with their embeddings. */
import type { PositionIdentity } from "../runtime/key-value-cache";
import type { EmbeddingTable } from "../runtime/embedding-table";
import type { Positions } from "../runtime/language-model";
import type { PromptPiece } from "../text/prompt";

/** The positions that an image takes. */
export interface ImagePositions {
  readonly identities: readonly string[];
  /** [positions, D] */
  readonly embeddings: Float32Array;
}

export interface Sequence {
  readonly identities: readonly PositionIdentity[];
  /** Token ids, −1 where an image stands. */
  readonly tokenHistory: readonly number[];
  /** What lies behind the first positions. */
  from(begin: number): Positions;
}

/** Stands for a visual token among token ids. */
const imagePosition = -1;

export function sequenceOf(
  pieces: readonly PromptPiece[],
  images: readonly ImagePositions[],
  table: EmbeddingTable,
): Sequence {
  const identities = pieces.flatMap((piece): readonly PositionIdentity[] =>
    piece.kind === "tokens" ? piece.ids : imageAt(images, piece.index).identities,
  );
  return {
    identities,
    tokenHistory: identities.map((identity) => (typeof identity === "number" ? identity : imagePosition)),
    from: (begin) => ({ identities: identities.slice(begin), embeddings: embed(pieces, images, table, begin) }),
  };
}

function embed(
  pieces: readonly PromptPiece[],
  images: readonly ImagePositions[],
  table: EmbeddingTable,
  begin: number,
): Float32Array {
  const parts: Float32Array[] = [];
  let position = 0;
  for (const piece of pieces) {
    const count = piece.kind === "tokens" ? piece.ids.length : imageAt(images, piece.index).identities.length;
    const skip = Math.min(Math.max(begin - position, 0), count);
    position += count;
    if (skip === count) continue;
    if (piece.kind === "tokens") parts.push(table.rows(piece.ids.slice(skip)));
    else {
      const { embeddings } = imageAt(images, piece.index);
      parts.push(embeddings.subarray((embeddings.length / count) * skip));
    }
  }
  const joined = new Float32Array(parts.reduce((n, part) => n + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

function imageAt(images: readonly ImagePositions[], index: number): ImagePositions {
  const image = images[index];
  if (image === undefined) throw new RangeError(`the prompt has no image ${index}`);
  return image;
}

/**
 * Byte-pair encoding: of all neighbours that form a token, the pair that comes first in the order of merges is merged,
 * the leftmost of equals, until no pair is left.
 *
 * Source: Sennrich et al. 2016, section 3.2; ties as in google/sentencepiece, src/bpe_model.cc, and
 * huggingface/tokenizers, models/bpe/word.rs, which agree.
 */

/** Above every token id. */
const idRange = 2 ** 21;
/** Above every position in a text. */
const positionRange = 2 ** 31;

/** Which pairs of tokens merge: when, and into what. */
export class MergeTable {
  /** By both ids in one number: order and resulting id in one number. */
  readonly #merges = new Map<number, number>();

  /** @param order below 2^22; lower is earlier */
  add(left: number, right: number, order: number, result: number): void {
    const pair = left * idRange + right;
    if (!this.#merges.has(pair)) this.#merges.set(pair, order * idRange + result);
  }

  /** Order of the merge, times 2^21, plus the resulting id. */
  find(left: number, right: number): number | undefined {
    return this.#merges.get(left * idRange + right);
  }
}

export interface MergedToken {
  /** Negative for what was no token from the start. */
  readonly id: number;
  /** Index of its first symbol. */
  readonly start: number;
}

/**
 * Merges what can be merged. Time O(n log n), memory O(n).
 *
 * @param symbols ids of the characters of a text; negative ones never merge
 */
export function mergePairs(symbols: Int32Array, table: MergeTable): MergedToken[] {
  const count = symbols.length;
  const ids = Int32Array.from(symbols);
  // A symbol that was merged away has no neighbours.
  const previous = Int32Array.from(ids, (_, index) => index - 1);
  const next = Int32Array.from(ids, (_, index) => (index + 1 < count ? index + 1 : -1));
  const queue = new NumberQueue(count);

  const mergeAt = (left: number): number | undefined => {
    const right = left < 0 ? -1 : (next[left] ?? -1);
    const [leftId, rightId] = [ids[left] ?? -1, ids[right] ?? -1];
    return leftId < 0 || rightId < 0 ? undefined : table.find(leftId, rightId);
  };
  const propose = (left: number): void => {
    const merge = mergeAt(left);
    if (merge !== undefined) queue.push(Math.floor(merge / idRange) * positionRange + left);
  };
  for (let left = 0; left < count; left++) propose(left);

  for (let key = queue.pop(); key !== undefined; key = queue.pop()) {
    const left = key % positionRange;
    const merge = mergeAt(left);
    // The pair that was proposed may have been changed since by a merge beside it.
    if (merge === undefined || Math.floor(merge / idRange) !== Math.floor(key / positionRange)) continue;
    const right = next[left] ?? -1;
    const after = next[right] ?? -1;
    ids[left] = merge % idRange;
    next[left] = after;
    next[right] = -1;
    if (after >= 0) previous[after] = left;
    propose(previous[left] ?? -1);
    propose(left);
  }

  const tokens: MergedToken[] = [];
  for (let start = count > 0 ? 0 : -1; start >= 0; start = next[start] ?? -1)
    tokens.push({ id: ids[start] ?? -1, start });
  return tokens;
}

/** A binary heap, lowest first. */
class NumberQueue {
  #heap: Float64Array;
  #size = 0;

  constructor(capacity: number) {
    this.#heap = new Float64Array(Math.max(16, capacity));
  }

  push(value: number): void {
    if (this.#size === this.#heap.length) {
      const larger = new Float64Array(this.#size * 2);
      larger.set(this.#heap);
      this.#heap = larger;
    }
    const heap = this.#heap;
    let at = this.#size++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] ?? 0;
      if (value >= above) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = value;
  }

  pop(): number | undefined {
    if (this.#size === 0) return undefined;
    const heap = this.#heap;
    const top = heap[0];
    const size = --this.#size;
    const last = heap[size] ?? 0;
    let at = 0;
    for (let child = 1; child < size; child = 2 * at + 1) {
      if (child + 1 < size && (heap[child + 1] ?? 0) < (heap[child] ?? 0)) child++;
      const below = heap[child] ?? 0;
      if (below >= last) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = last;
    return top;
  }
}

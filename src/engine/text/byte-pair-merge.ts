/**
 * Byte-pair encoding as SentencePiece does it: of all neighbours that form a piece, the pair whose piece has the
 * highest score is merged first, the leftmost of equals.
 *
 * Source: google/sentencepiece, src/bpe_model.cc.
 */

interface Candidate {
  readonly score: number;
  readonly left: number;
  readonly right: number;
  /** End of the merged text, by which outdated candidates are known. */
  readonly end: number;
}

/**
 * Splits a text into pieces. Time O(n log n).
 *
 * @param scoreOf the score of a piece; undefined for what is none.
 */
export function mergePairs(text: string, scoreOf: (piece: string) => number | undefined): string[] {
  const starts: number[] = [];
  for (let at = 0; at < text.length; at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1) starts.push(at);
  const count = starts.length;
  const begin = Uint32Array.from(starts);
  const end = Uint32Array.from(starts, (_, index) => starts[index + 1] ?? text.length);
  const previous = Int32Array.from(starts, (_, index) => index - 1);
  const next = Int32Array.from(starts, (_, index) => (index + 1 < count ? index + 1 : -1));
  const merged = new Uint8Array(count);
  const queue = new CandidateQueue();

  const propose = (left: number, right: number): void => {
    if (left < 0 || right < 0) return;
    const stop = end[right] ?? 0;
    const score = scoreOf(text.slice(begin[left], stop));
    if (score !== undefined) queue.push({ score, left, right, end: stop });
  };
  for (let index = 1; index < count; index++) propose(index - 1, index);

  for (let best = queue.pop(); best !== undefined; best = queue.pop()) {
    const { left, right, end: stop } = best;
    if (merged[left] === 1 || merged[right] === 1 || next[left] !== right || end[right] !== stop) continue;
    end[left] = stop;
    merged[right] = 1;
    const after = next[right] ?? -1;
    next[left] = after;
    if (after >= 0) previous[after] = left;
    propose(previous[left] ?? -1, left);
    propose(left, after);
  }

  const pieces: string[] = [];
  for (let index = count > 0 ? 0 : -1; index >= 0; index = next[index] ?? -1) {
    pieces.push(text.slice(begin[index], end[index]));
  }
  return pieces;
}

/** A binary heap: highest score first, then leftmost. */
class CandidateQueue {
  readonly #heap: Candidate[] = [];

  push(candidate: Candidate): void {
    const heap = this.#heap;
    let at = heap.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || !before(candidate, above)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = candidate;
  }

  pop(): Candidate | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return top;
    let at = 0;
    for (;;) {
      const child = this.#lesser(2 * at + 1);
      const below = heap[child];
      if (below === undefined || !before(below, last)) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = last;
    return top;
  }

  #lesser(left: number): number {
    const [a, b] = [this.#heap[left], this.#heap[left + 1]];
    return a !== undefined && b !== undefined && before(b, a) ? left + 1 : left;
  }
}

function before(a: Candidate, b: Candidate): boolean {
  return a.score > b.score || (a.score === b.score && a.left < b.left);
}

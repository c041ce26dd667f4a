/** Which of the lines read in an image a prompt has room for. */

/**
 * All lines where they fit; else lines from both ends, two of the head for each of the tail: a page says at its top what
 * it is, a terminal says at its bottom what went wrong. As in `training/prompts.py`.
 *
 * @param room tokens that the lines may take together; `tokensOf` counts those of a line with its separator.
 */
export function fitLines(
  lines: readonly string[],
  room: number,
  tokensOf: (line: string) => number,
): { readonly kept: readonly string[]; readonly tokens: number } {
  const counts = lines.map(tokensOf);
  const total = counts.reduce((a, b) => a + b, 0);
  if (total <= room) return { kept: lines, tokens: total };
  let head = 0;
  let tail = 0;
  let tokens = 0;
  while (head + tail < lines.length) {
    const fromHead = head <= 2 * tail;
    const next = counts[fromHead ? head : lines.length - 1 - tail] ?? 0;
    if (tokens + next > room) break;
    tokens += next;
    if (fromHead) head += 1;
    else tail += 1;
  }
  return { kept: [...lines.slice(0, head), ...lines.slice(lines.length - tail)], tokens };
}

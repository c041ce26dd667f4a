/** Small models fall into loops: the same few tokens again and again until the answer's limit. */

/** Tokens after which they begin anew, at most. */
const longestPeriod = 24;
/** Tokens that must stand there once more, at least: rows of a table and lines of dashes repeat too. */
const leastTokens = 30;
/** Times that the same tokens must stand in a row, at least. */
const leastTimes = 4;

/** Whether what stands in `tokens` from `begin` on ends with the same few tokens many times in a row. */
export function endsInLoop(tokens: readonly number[], begin = 0): boolean {
  for (let period = 1; period <= longestPeriod; period++) {
    const needed = Math.max(leastTokens, period * (leastTimes - 1));
    if (tokens.length - begin < needed + period) break;
    let same = 0;
    while (same < needed && tokens[tokens.length - 1 - same] === tokens[tokens.length - 1 - same - period]) same++;
    if (same === needed) return true;
  }
  return false;
}

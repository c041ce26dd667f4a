/** One side of a paired measurement: a process that does a round whenever it is asked, so that sides can take turns. */

export interface Round {
  /** Tokens a second. */
  readonly prefill: number;
  readonly decode: number;
  readonly residentBytes: number;
}

/** Answers every message of the parent with a round, and tells when it is ready. */
export function serveRounds(round: () => Promise<Round>): void {
  process.on("message", () => {
    round().then(
      (result) => process.send?.(result),
      (thrown: unknown) => {
        console.error(thrown);
        process.exit(1);
      },
    );
  });
  process.send?.("ready");
}

export const promptTokens = 600;
export const decodeTokens = 24;

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

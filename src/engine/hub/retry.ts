/** Trying again where that can help: a server that is busy, a connection that broke. */
import { setTimeout as wait } from "node:timers/promises";
import { type Failure, FailureError, failureOf } from "../../shared/failure";
import type { NetworkPace } from "../../shared/library-protocol";

const defaultAttempts = 6;
const defaultRetryMilliseconds = 1_000;
const longestWaitMilliseconds = 120_000;

/** A failure after which the server itself named the time to wait. */
export class RetryLater extends FailureError {
  readonly milliseconds: number;

  constructor(failure: Failure, milliseconds: number) {
    super(failure);
    this.milliseconds = milliseconds;
  }
}

export interface RetryOptions {
  readonly signal?: AbortSignal | undefined;
  readonly pace?: NetworkPace | undefined;
  /** Told before each wait; null when work goes on. */
  readonly onRetry?: ((failure: Failure | null) => void) | undefined;
}

const passing: ReadonlySet<Failure["code"]> = new Set(["hub-unreachable", "hub-busy", "download-stalled"]);

/**
 * @param work tells by calling its argument that it got on, which begins the count of attempts anew.
 * @throws what `work` threw, when it cannot be helped or was tried often enough.
 */
export async function withRetries<T>(work: (progress: () => void) => Promise<T>, options: RetryOptions): Promise<T> {
  const { attempts = defaultAttempts, retryMilliseconds = defaultRetryMilliseconds } = options.pace ?? {};
  for (let attempt = 1; ; attempt++) {
    try {
      return await work(() => {
        if (attempt > 1) options.onRetry?.(null);
        attempt = 1;
      });
    } catch (thrown) {
      const failure = failureOf(thrown);
      if (!passing.has(failure.code) || attempt >= attempts) throw thrown;
      options.onRetry?.(failure);
      const asked = thrown instanceof RetryLater ? thrown.milliseconds : 0;
      const backOff = retryMilliseconds * 2 ** (attempt - 1) * (0.75 + Math.random() / 2);
      await pause(Math.min(Math.max(asked, backOff), longestWaitMilliseconds), options.signal);
    }
  }
}

async function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await wait(milliseconds, undefined, signal === undefined ? {} : { signal });
  } catch (thrown) {
    throw new FailureError({ code: "cancelled" }, { cause: thrown });
  }
}

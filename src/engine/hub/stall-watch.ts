/** A connection watched for its speed: a server that sends a byte now and then would hold it for ever. */
import { FailureError } from "../../shared/failure";
import type { NetworkPace } from "../../shared/library-protocol";

const defaultStallSeconds = 30;
/** A modem's speed: less is no connection that a model comes over. */
const defaultSlowest = 2_000;

/** Ends a connection that brings next to nothing. */
export class StallWatch {
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly signal: AbortSignal;
  failure: FailureError | undefined;
  #bytes = 0;
  #writing = false;

  constructor(pace: NetworkPace | undefined, file: string, signal: AbortSignal | undefined) {
    const { stallSeconds: seconds = defaultStallSeconds, slowestBytesPerSecond = defaultSlowest } = pace ?? {};
    this.signal = signal === undefined ? this.#controller.signal : AbortSignal.any([signal, this.#controller.signal]);
    this.#timer = setInterval(() => {
      const enough = this.#writing || this.#bytes >= slowestBytesPerSecond * seconds;
      this.#bytes = 0;
      if (enough) return;
      this.failure = new FailureError({ code: "download-stalled", file, seconds });
      this.#controller.abort();
    }, seconds * 1000);
  }

  arrived(bytes: number): void {
    this.#bytes += bytes;
  }

  /** While the disk or the preparing is what is slow, the server is not to blame. */
  async pausedWhile(work: () => Promise<void>): Promise<void> {
    this.#writing = true;
    try {
      await work();
    } finally {
      this.#writing = false;
    }
  }

  end(): void {
    clearInterval(this.#timer);
    // A body that was not read to its end would hold its connection.
    this.#controller.abort();
  }
}

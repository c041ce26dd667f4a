/** The bytes of one published file, in order, from any position to its end, over as many connections as it takes. */
import { FailureError, throwIfCancelled } from "../../shared/failure";
import type { Hub, HubFile, Revision } from "./hub";
import { networkFailure } from "./network";
import { withRetries } from "./retry";

export interface ByteSink {
  /** How many bytes it has; the next ones begin here. */
  readonly position: number;
  write(bytes: Uint8Array): Promise<void>;
}

export interface StreamOptions {
  readonly signal?: AbortSignal | undefined;
  /** Told of bytes that arrived since the last call. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

const defaultStallSeconds = 30;
/** A modem's speed: less is no connection that a model comes over. */
const defaultSlowest = 2_000;
/** What a connection must bring to count as progress, after which attempts are counted anew. */
const progressBytes = 1 << 16;

/**
 * Brings a sink to the end of the file.
 *
 * @throws FailureError of `Hub.open`, `download-stalled`, `cancelled`, and what the sink throws.
 */
export async function streamFile(
  hub: Hub,
  revision: Revision,
  file: HubFile,
  sink: ByteSink,
  { signal, onBytes }: StreamOptions,
): Promise<void> {
  await withRetries(
    async (progress) => {
      if (sink.position >= file.bytes) return;
      const watch = new StallWatch(hub, file, signal);
      try {
        const response = await hub.open(revision, file, { from: sink.position, signal: watch.signal });
        // A server that knows no ranges sends all of it again: what is there already is skipped.
        let skip = response.status === 200 ? sink.position : 0;
        let arrived = 0;
        for await (const chunk of response.body ?? []) {
          const bytes = chunk as Uint8Array;
          watch.arrived(bytes.length);
          const fresh = skip > 0 ? bytes.subarray(Math.min(skip, bytes.length)) : bytes;
          skip -= bytes.length - fresh.length;
          if (fresh.length === 0) continue;
          if (sink.position + fresh.length > file.bytes) {
            throw new FailureError({ code: "hub-answer", host: hub.network.host, found: "a file of another size" });
          }
          await watch.pausedWhile(() => sink.write(fresh));
          onBytes?.(fresh.length);
          arrived += fresh.length;
          if (arrived >= progressBytes) progress();
        }
        if (sink.position < file.bytes) throw cut(hub, file);
      } catch (thrown) {
        throwIfCancelled(signal);
        throw watch.failure ?? networkFailure(hub.network.host, thrown);
      } finally {
        watch.end();
      }
    },
    { ...hub.retry, signal },
  );
}

const cut = (hub: Hub, { path }: HubFile): FailureError =>
  new FailureError({ code: "hub-unreachable", host: hub.network.host, reason: `the connection ended within ${path}` });

/** Ends a connection that brings next to nothing. */
class StallWatch {
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly signal: AbortSignal;
  failure: FailureError | undefined;
  #bytes = 0;
  #writing = false;

  constructor(hub: Hub, { path: file }: HubFile, signal: AbortSignal | undefined) {
    const { stallSeconds: seconds = defaultStallSeconds, slowestBytesPerSecond = defaultSlowest } =
      hub.network.settings.pace ?? {};
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

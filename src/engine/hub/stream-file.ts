/** The bytes of one published file, in order, from any position to its end, over as many connections as it takes. */
import { FailureError, throwIfCancelled } from "../../shared/failure";
import type { Hub, HubFile, Revision } from "./hub";
import { networkFailure } from "./network";
import { withRetries } from "./retry";
import { StallWatch } from "./stall-watch";

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
      const watch = new StallWatch(hub.network.settings.pace, file.path, signal);
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

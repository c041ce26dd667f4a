/** The header of a published file, fetched by ranges and kept, so that its tensors are known before it arrives. */
import { readFile, writeFile } from "node:fs/promises";
import { FailureError, throwIfCancelled } from "../../shared/failure";
import type { ByteSource } from "../weights/safetensors";
import type { Hub, HubFile, Revision } from "./hub";
import { networkFailure } from "./network";
import { withRetries } from "./retry";
import { StallWatch } from "./stall-watch";

/** The server sends whole files only. */
export class NoRangesError extends Error {}

export class RemoteHeader implements ByteSource {
  readonly path: string;
  readonly byteLength: number;
  readonly #hub: Hub;
  readonly #revision: Revision;
  readonly #file: HubFile;
  readonly #cache: string;
  #known: Buffer;

  private constructor(hub: Hub, revision: Revision, file: HubFile, cache: string, known: Buffer) {
    this.#hub = hub;
    this.#revision = revision;
    this.#file = file;
    this.#cache = cache;
    this.#known = known;
    this.path = `${revision.repository}/${file.path}`;
    this.byteLength = file.bytes;
  }

  /** @param cache file that keeps the bytes that were read. */
  static async open(hub: Hub, revision: Revision, file: HubFile, cache: string): Promise<RemoteHeader> {
    const known = await readFile(cache).catch(() => Buffer.alloc(0));
    return new RemoteHeader(hub, revision, file, cache, known);
  }

  /** @throws NoRangesError; FailureError as `Hub.open`. */
  async read(position: number, byteLength: number): Promise<Buffer> {
    const end = position + byteLength;
    if (end > this.#known.length) {
      const more = await withRetries(() => this.#fetch(this.#known.length, end), this.#hub.retry);
      this.#known = Buffer.concat([this.#known, more]);
      await writeFile(this.#cache, this.#known);
    }
    return this.#known.subarray(position, end);
  }

  async #fetch(from: number, end: number): Promise<Buffer> {
    const { network, retry } = this.#hub;
    const watch = new StallWatch(network.settings.pace, this.#file.path, retry.signal);
    try {
      const response = await this.#hub.open(this.#revision, this.#file, { from, end, signal: watch.signal });
      if (response.status !== 206) throw new NoRangesError("the server sends whole files only");
      const chunks: Uint8Array[] = [];
      for await (const chunk of response.body ?? []) {
        chunks.push(chunk as Uint8Array);
        watch.arrived((chunk as Uint8Array).length);
      }
      const bytes = Buffer.concat(chunks);
      if (bytes.length === end - from) return bytes;
      const reason = `the connection ended within ${this.#file.path}`;
      throw new FailureError({ code: "hub-unreachable", host: network.host, reason });
    } catch (thrown) {
      if (thrown instanceof NoRangesError) throw thrown;
      throwIfCancelled(retry.signal);
      throw watch.failure ?? networkFailure(network.host, thrown);
    } finally {
      watch.end();
    }
  }
}

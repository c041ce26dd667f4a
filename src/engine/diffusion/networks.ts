/**
 * The open networks of one pipeline, opened when first needed.
 *
 * They stay open while they are needed again and memory allows. Where it is short, those not in use are given back
 * first: weights are mapped from the published files, so that opening one again takes less than a second.
 */
import { FailureError } from "../../shared/failure";
import type { Graph } from "../graph/graph";
import { Network, type NetworkOptions } from "../runtime/network";
import { availableBytes } from "../runtime/process-memory";

export interface NetworksOptions extends NetworkOptions {
  /** Gives back memory that others hold. */
  readonly makeRoom?: (() => Promise<void>) | undefined;
}

export class Networks {
  readonly #options: NetworksOptions;
  readonly #open = new Map<string, Network>();

  constructor(options: NetworksOptions) {
    this.#options = options;
  }

  /**
   * @param key names the graph and its size.
   * @param workBytes what running takes besides the weights.
   * @throws FailureError `out-of-memory` before a network that cannot fit; those of `Network.ofGraph`.
   */
  async use(key: string, workBytes: number, build: () => Graph): Promise<Network> {
    const open = this.#open.get(key);
    if (open !== undefined) return open;
    const graph = build();
    await this.#makeRoom(graph.storedBytes + workBytes);
    const network = await Network.ofGraph(graph, this.#options);
    this.#open.set(key, network);
    return network;
  }

  async close(): Promise<void> {
    const open = [...this.#open.values()];
    this.#open.clear();
    await Promise.all(open.map((network) => network.dispose()));
  }

  async #makeRoom(neededBytes: number): Promise<void> {
    if (availableBytes() >= neededBytes) return;
    await this.close();
    if (availableBytes() >= neededBytes) return;
    await this.#options.makeRoom?.();
    const available = availableBytes();
    if (available < neededBytes) {
      throw new FailureError({ code: "out-of-memory", neededBytes, availableBytes: available });
    }
  }
}

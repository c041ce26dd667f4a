/** Worker threads that convert ranges of tensors. */
import path from "node:path";
import { Worker } from "node:worker_threads";
import { FailureError } from "../../shared/failure";
import { packageRoot } from "../platform/package-root";
import type { ConvertRange, ConvertReply } from "./convert-range";

export class WorkerPool {
  /** Most threads at work at once; they start when first needed. */
  readonly threads: number;
  readonly #script: string;
  readonly #all = new Set<Worker>();
  readonly #idle: Worker[] = [];
  readonly #waiting: ((worker: Worker) => void)[] = [];

  constructor(threads: number) {
    this.threads = threads;
    this.#script = path.join(packageRoot(), "dist", "quantise-worker.js");
  }

  /** @throws FailureError as `convertRange` does; `engine-exited` where the thread ends. */
  async convert(range: ConvertRange): Promise<readonly ArrayBuffer[]> {
    const worker = await this.#take();
    let reply: ConvertReply;
    try {
      reply = await ask(worker, range);
    } catch (thrown) {
      this.#all.delete(worker);
      this.#waiting.shift()?.(this.#start());
      throw thrown;
    }
    const next = this.#waiting.shift();
    if (next === undefined) this.#idle.push(worker);
    else next(worker);
    if ("failure" in reply) throw new FailureError(reply.failure);
    return reply.outputs;
  }

  /** Ends all threads; conversions under way fail. */
  async dispose(): Promise<void> {
    await Promise.all([...this.#all].map((worker) => worker.terminate()));
  }

  #take(): Promise<Worker> {
    const idle = this.#idle.pop();
    if (idle !== undefined) return Promise.resolve(idle);
    if (this.#all.size < this.threads) return Promise.resolve(this.#start());
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #start(): Worker {
    // Nothing of the parent's command line: a loader that it was started with would slow every thread down.
    const worker = new Worker(this.#script, { execArgv: [] });
    this.#all.add(worker);
    return worker;
  }
}

function ask(worker: Worker, range: ConvertRange): Promise<ConvertReply> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      worker.off("message", onMessage).off("error", onError).off("exit", onExit);
    };
    const onMessage = (reply: ConvertReply): void => {
      settle();
      resolve(reply);
    };
    const onError = (error: Error): void => {
      settle();
      reject(error);
    };
    const onExit = (exitCode: number): void => {
      settle();
      reject(new FailureError({ code: "engine-exited", exitCode, signal: null }));
    };
    worker.on("message", onMessage).on("error", onError).on("exit", onExit);
    worker.postMessage(range);
  });
}

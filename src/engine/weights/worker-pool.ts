/** Worker threads that convert ranges of tensors. */
import path from "node:path";
import { Worker } from "node:worker_threads";
import { FailureError } from "../../shared/failure";
import { packageRoot } from "../platform/package-root";
import type { ConvertRange, ConvertReply } from "./convert-range";

export class WorkerPool {
  readonly #idle: Worker[];
  readonly #all: readonly Worker[];
  readonly #waiting: ((worker: Worker) => void)[] = [];

  constructor(threads: number) {
    const script = path.join(packageRoot(), "dist", "quantise-worker.js");
    this.#all = Array.from({ length: threads }, () => new Worker(script));
    this.#idle = [...this.#all];
  }

  /** @throws FailureError as `convertRange` does. */
  async convert(range: ConvertRange): Promise<readonly ArrayBuffer[]> {
    const worker = this.#idle.pop() ?? (await new Promise<Worker>((resolve) => this.#waiting.push(resolve)));
    try {
      const reply = await ask(worker, range);
      if ("failure" in reply) throw new FailureError(reply.failure);
      return reply.outputs;
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#idle.push(worker);
      else next(worker);
    }
  }

  async dispose(): Promise<void> {
    await Promise.all(this.#all.map((worker) => worker.terminate()));
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

/**
 * The engine process as the extension host sees it: forked on first need, watched, started again after a crash.
 *
 * A native run blocks the engine's thread, so silence is normal for seconds; only long silence counts as hanging.
 */
import { type ChildProcess, fork } from "node:child_process";
import { type Failure, FailureError } from "../shared/failure";
import { type CallOptions, type Frame, type Params, type Part, Peer, type Result } from "../shared/peer";
import type { HostToEngine } from "../shared/protocol";

export interface EngineLog {
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

export interface EngineProcessOptions {
  /** The engine's bundle. */
  readonly script: string;
  readonly log: EngineLog;
  /** Silence after which the engine is ended while a request is open. */
  readonly silenceSeconds?: number;
}

interface Running {
  readonly child: ChildProcess;
  readonly peer: Peer<HostToEngine, Record<string, never>>;
}

const crashLimit = 3;
const heartbeatMilliseconds = 5_000;

export class EngineProcess {
  readonly #options: EngineProcessOptions;
  readonly #listeners = new Set<(pid: number | null) => void>();
  #running: Running | undefined;
  #crashes = 0;
  #last = "";
  #open = 0;
  #heard = 0;
  #beat: NodeJS.Timeout | undefined;

  constructor(options: EngineProcessOptions) {
    this.#options = options;
  }

  /** Process id of the running engine. */
  get pid(): number | null {
    return this.#running?.child.pid ?? null;
  }

  onChange(listener: (pid: number | null) => void): void {
    this.#listeners.add(listener);
  }

  /** Lets a person try again after the engine had been given up. */
  forgive(): void {
    this.#crashes = 0;
  }

  /**
   * Asks the engine, starting it when none runs.
   *
   * @throws FailureError `engine-exited`, `engine-unresponsive`, `engine-crash-loop`, or the engine's own failure.
   */
  async call<K extends keyof HostToEngine>(
    method: K,
    params: Params<HostToEngine[K]>,
    options: CallOptions<Part<HostToEngine[K]>> = {},
  ): Promise<Result<HostToEngine[K]>> {
    const { peer } = (this.#running ??= this.#start());
    this.#open++;
    this.#heard = performance.now();
    this.#watch();
    try {
      const result = await peer.call(method, params, options);
      this.#crashes = 0;
      return result;
    } finally {
      this.#open--;
      if (this.#open === 0) clearInterval(this.#beat);
    }
  }

  dispose(): void {
    clearInterval(this.#beat);
    const running = this.#running;
    this.#running = undefined;
    running?.child.kill();
  }

  #start(): Running {
    if (this.#crashes >= crashLimit) {
      throw new FailureError({ code: "engine-crash-loop", crashes: this.#crashes, last: this.#last });
    }
    const child = fork(this.#options.script, [], {
      serialization: "advanced",
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      execArgv: [],
      env: { ...process.env, ELECTRON_RUN_AS_NODE: "1" },
    });
    const peer = new Peer<HostToEngine, Record<string, never>>(
      {
        post: (frame) => {
          if (child.connected) child.send(frame);
        },
        onFrame: (listener) => {
          child.on("message", (frame) => {
            this.#heard = performance.now();
            listener(frame as Frame);
          });
        },
      },
      {},
    );
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (text: Buffer) => {
        this.#options.log.warn(text.toString("utf8").trimEnd());
      });
    }
    child.on("error", (error) => {
      this.#ended(child, peer, { code: "engine-native", library: "node", message: error.message });
    });
    child.on("exit", (exitCode, signal) => {
      this.#ended(child, peer, { code: "engine-exited", exitCode, signal });
    });
    this.#options.log.info(`engine started, process ${child.pid ?? 0}`);
    for (const listener of this.#listeners) listener(child.pid ?? null);
    return { child, peer };
  }

  #ended(child: ChildProcess, peer: Running["peer"], failure: Failure): void {
    peer.close(failure);
    if (this.#running?.child !== child) return;
    this.#running = undefined;
    this.#crashes++;
    this.#last = JSON.stringify(failure);
    this.#options.log.error(`engine ended: ${this.#last}`);
    for (const listener of this.#listeners) listener(null);
  }

  #watch(): void {
    clearInterval(this.#beat);
    const limit = this.#options.silenceSeconds ?? 180;
    this.#beat = setInterval(
      () => {
        const running = this.#running;
        if (running === undefined) return;
        if ((performance.now() - this.#heard) / 1000 > limit) {
          this.#ended(running.child, running.peer, { code: "engine-unresponsive", seconds: limit });
          running.child.kill("SIGKILL");
          return;
        }
        // Any answer counts as a sign of life; a failure here is seen by the request itself.
        running.peer.call("status", {}).catch(() => undefined);
      },
      Math.min(heartbeatMilliseconds, limit * 250),
    );
  }
}

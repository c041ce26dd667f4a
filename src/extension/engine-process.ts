/**
 * The engine process as the extension host sees it: forked on first need, watched, started again after a crash, ended
 * when idle.
 *
 * A native run blocks the engine's thread, so silence is normal for seconds; only long silence counts as hanging.
 */
import { type ChildProcess, fork } from "node:child_process";
import { type Failure, FailureError } from "../shared/failure";
import { type CallOptions, type Frame, type Params, type Part, Peer, type Result } from "../shared/peer";
import type { EngineStatus, HostToEngine } from "../shared/protocol";

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
  /** Time without a request after which the process is ended; 0 keeps it. Asked each time a request ends. */
  readonly idleSeconds?: () => number;
  /** Time that a stopped request gets to end by itself before its caller is let go. */
  readonly stopSeconds?: number;
}

/** What the process went through. An end without a failure was wanted: idle, or the window closes. */
export type EngineEvent =
  | { readonly kind: "started"; readonly pid: number }
  | { readonly kind: "status"; readonly status: EngineStatus }
  | { readonly kind: "ended"; readonly failure: Failure | null };

interface Running {
  readonly child: ChildProcess;
  readonly peer: Peer<HostToEngine, Record<string, never>>;
}

const crashLimit = 3;
const heartbeatMilliseconds = 5_000;

export class EngineProcess {
  readonly #options: EngineProcessOptions;
  readonly #listeners = new Set<(event: EngineEvent) => void>();
  #running: Running | undefined;
  #crashes = 0;
  #lastEnd = "";
  #lastOutput = "";
  #open = 0;
  #heard = 0;
  #beat: NodeJS.Timeout | undefined;
  #idle: NodeJS.Timeout | undefined;

  constructor(options: EngineProcessOptions) {
    this.#options = options;
  }

  /** Process id of the running engine. */
  get pid(): number | null {
    return this.#running?.child.pid ?? null;
  }

  onEvent(listener: (event: EngineEvent) => void): void {
    this.#listeners.add(listener);
  }

  /** Lets a person try again after the engine had been given up. */
  forgive(): void {
    this.#crashes = 0;
  }

  /**
   * Asks the engine, starting it when none runs.
   *
   * @throws FailureError `engine-exited`, `engine-unresponsive`, `engine-crash-loop`, `cancelled`, or the engine's own
   *   failure.
   */
  async call<K extends keyof HostToEngine>(
    method: K,
    params: Params<HostToEngine[K]>,
    options: CallOptions<Part<HostToEngine[K]>> = {},
  ): Promise<Result<HostToEngine[K]>> {
    const { peer } = (this.#running ??= this.#start());
    this.#open++;
    clearTimeout(this.#idle);
    this.#watch();
    const answer = peer.call(method, params, options).finally(() => {
      this.#open--;
      if (this.#open === 0) this.#rest();
    });
    const result = await (options.signal === undefined ? answer : this.#stoppable(answer, options.signal));
    this.#crashes = 0;
    return result;
  }

  /** Has the running engine tell its state to the listeners; starts none. */
  async refresh(): Promise<void> {
    const peer = this.#running?.peer;
    if (peer === undefined) return;
    this.#tell({ kind: "status", status: await peer.call("status", {}) });
  }

  dispose(): void {
    this.#end(null);
  }

  #start(): Running {
    if (this.#crashes >= crashLimit) {
      const last = [this.#lastEnd, this.#lastOutput].filter((text) => text !== "").join(": ");
      throw new FailureError({ code: "engine-crash-loop", crashes: this.#crashes, last });
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
          // What cannot be sent any more is no failure of its own: the end of the process tells why.
          if (child.connected) child.send(frame, () => undefined);
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
    this.#lastOutput = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (data: Buffer) => {
        const text = data.toString("utf8").trim();
        this.#lastOutput = text.split("\n").at(-1)?.slice(0, 200) ?? "";
        this.#options.log.warn(text);
      });
    }
    child.on("error", (error) => {
      this.#crashed(child, peer, { code: "engine-native", library: "node", message: error.message }, error.message);
    });
    child.on("exit", (exitCode, signal) => {
      const end = signal ?? `exit code ${exitCode ?? 0}`;
      this.#crashed(child, peer, { code: "engine-exited", exitCode, signal }, end);
    });
    const pid = child.pid ?? 0;
    this.#options.log.info(`engine started, process ${pid}`);
    this.#tell({ kind: "started", pid });
    return { child, peer };
  }

  #crashed(child: ChildProcess, peer: Running["peer"], failure: Failure, end: string): void {
    if (this.#running?.child === child) {
      this.#crashes++;
      this.#lastEnd = end;
      this.#options.log.error(`engine ended: ${end}`);
      this.#end(failure);
    }
    peer.close(failure);
  }

  #end(failure: Failure | null): void {
    clearInterval(this.#beat);
    clearTimeout(this.#idle);
    const running = this.#running;
    if (running === undefined) return;
    this.#running = undefined;
    // A hung engine takes no other signal.
    running.child.kill(failure?.code === "engine-unresponsive" ? "SIGKILL" : "SIGTERM");
    running.peer.close(failure ?? { code: "cancelled" });
    this.#tell({ kind: "ended", failure });
  }

  #tell(event: EngineEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  /** Lets the caller of a stopped request go when the engine takes long to notice. */
  #stoppable<T>(answer: Promise<T>, signal: AbortSignal): Promise<T> {
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      const stop = (): void => {
        const milliseconds = (this.#options.stopSeconds ?? 5) * 1000;
        timer = setTimeout(() => {
          reject(new FailureError({ code: "cancelled" }));
        }, milliseconds);
      };
      signal.addEventListener("abort", stop, { once: true });
      void answer.then(resolve, reject).finally(() => {
        clearTimeout(timer);
        signal.removeEventListener("abort", stop);
      });
    });
  }

  /** While a request is open: asks for signs of life, and ends an engine that gives none for too long. */
  #watch(): void {
    clearInterval(this.#beat);
    this.#heard = performance.now();
    const limit = this.#options.silenceSeconds ?? 180;
    const interval = Math.min(heartbeatMilliseconds, limit * 250);
    let last = performance.now();
    this.#beat = setInterval(() => {
      const now = performance.now();
      // The machine slept, or this process was held up: the engine had no chance to be heard either.
      if (now - last > 4 * interval) this.#heard = now;
      last = now;
      if ((now - this.#heard) / 1000 > limit) {
        this.#crashes++;
        this.#lastEnd = `silent for ${limit} seconds`;
        this.#options.log.error(`engine ended: ${this.#lastEnd}`);
        this.#end({ code: "engine-unresponsive", seconds: limit });
        return;
      }
      // Any answer counts as a sign of life; a failure here is seen by the request itself.
      this.refresh().catch(() => undefined);
    }, interval);
  }

  #rest(): void {
    clearInterval(this.#beat);
    const seconds = this.#options.idleSeconds?.() ?? 0;
    if (seconds <= 0 || this.#running === undefined) return;
    this.#idle = setTimeout(() => {
      this.#options.log.info("engine ended: idle");
      this.#end(null);
    }, seconds * 1000);
  }
}

/** The library's process as the extension host sees it: forked when something is asked, ended soon after. */
import { type ChildProcess, fork } from "node:child_process";
import type { HostToLibrary } from "../../shared/library-protocol";
import { type CallOptions, type Frame, type Params, type Part, Peer, type Result } from "../../shared/peer";

interface Log {
  info(message: string): void;
  warn(message: string): void;
}

interface Running {
  readonly child: ChildProcess;
  readonly peer: Peer<HostToLibrary, Record<string, never>>;
}

const idleMilliseconds = 60_000;

export class LibraryProcess {
  readonly #script: string;
  readonly #log: Log;
  #running: Running | undefined;
  #open = 0;
  #idle: NodeJS.Timeout | undefined;

  constructor(script: string, log: Log) {
    this.#script = script;
    this.#log = log;
  }

  /** @throws FailureError of the library; `engine-exited` where the process ends. */
  async call<K extends keyof HostToLibrary>(
    method: K,
    params: Params<HostToLibrary[K]>,
    options: CallOptions<Part<HostToLibrary[K]>> = {},
  ): Promise<Result<HostToLibrary[K]>> {
    const { peer } = (this.#running ??= this.#start());
    clearTimeout(this.#idle);
    this.#open++;
    try {
      return await peer.call(method, params, options);
    } finally {
      this.#open--;
      if (this.#open === 0) {
        this.#idle = setTimeout(() => {
          this.dispose();
        }, idleMilliseconds);
      }
    }
  }

  dispose(): void {
    clearTimeout(this.#idle);
    const running = this.#running;
    this.#running = undefined;
    // Closing the channel ends it; what has arrived is kept.
    if (running?.child.connected === true) running.child.disconnect();
    running?.peer.close({ code: "cancelled" });
  }

  #start(): Running {
    const child = fork(this.#script, [], {
      serialization: "advanced",
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      execArgv: [],
      // Certificates that the company's computers trust are trusted here too, by the versions of Node that can.
      env: { ...process.env, ELECTRON_RUN_AS_NODE: "1", NODE_USE_SYSTEM_CA: "1" },
    });
    const peer = new Peer<HostToLibrary, Record<string, never>>(
      {
        post: (frame) => {
          if (child.connected) child.send(frame);
        },
        onFrame: (listener) => {
          child.on("message", (frame) => {
            listener(frame as Frame);
          });
        },
      },
      {},
    );
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (data: Buffer) => {
        this.#log.warn(data.toString("utf8").trim());
      });
    }
    child.on("error", (error) => {
      this.#ended(child);
      peer.close({ code: "engine-native", library: "node", message: error.message });
    });
    child.on("exit", (exitCode, signal) => {
      this.#ended(child);
      peer.close({ code: "engine-exited", exitCode, signal });
    });
    this.#log.info(`library started, process ${child.pid ?? 0}`);
    return { child, peer };
  }

  #ended(child: ChildProcess): void {
    if (this.#running?.child === child) this.#running = undefined;
  }
}

/**
 * Typed calls over any message port: the engine's process channel and the webview's channel both fit.
 *
 * Five frames, all plain data: call, cancel, part, result, failure. Frames of one port arrive in order, so a call's
 * parts always come before its end.
 */
import { type Failure, FailureError, failureOf } from "./failure";
import type { Method } from "./protocol";

/** The little that is needed of a channel. */
export interface Port {
  post(frame: Frame): void;
  onFrame(listener: (frame: Frame) => void): void;
}

export type Frame =
  | { readonly kind: "call"; readonly id: number; readonly method: string; readonly params: unknown }
  | { readonly kind: "cancel"; readonly id: number }
  | { readonly kind: "part"; readonly id: number; readonly part: unknown }
  | { readonly kind: "result"; readonly id: number; readonly result: unknown }
  | { readonly kind: "failure"; readonly id: number; readonly failure: Failure };

export type Params<M> = M extends Method<infer P, unknown, unknown> ? P : never;
export type Result<M> = M extends Method<unknown, infer R, unknown> ? R : never;
export type Part<M> = M extends Method<unknown, unknown, infer T> ? T : never;

export interface CallOptions<T> {
  /** Aborting sends a cancel frame; the call then ends as the other side ends it (as a rule with `cancelled`). */
  readonly signal?: AbortSignal | undefined;
  readonly onPart?: ((part: T) => void) | undefined;
}

export interface Answering<T> {
  readonly signal: AbortSignal;
  readonly part: (part: T) => void;
}

/** What a side answers: one handler for each method, none left out. */
export type Handlers<Api> = {
  readonly [K in keyof Api]: (params: Params<Api[K]>, answering: Answering<Part<Api[K]>>) => Promise<Result<Api[K]>>;
};

interface Pending {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly onPart: (part: unknown) => void;
}

/** One end of a channel: asks `Remote`, answers `Local`. */
export class Peer<Remote, Local> {
  readonly #port: Port;
  readonly #handlers: Handlers<Local>;
  readonly #pending = new Map<number, Pending>();
  readonly #answering = new Map<number, AbortController>();
  #closed: Failure | undefined;
  #nextId = 1;

  constructor(port: Port, handlers: Handlers<Local>) {
    this.#port = port;
    this.#handlers = handlers;
    port.onFrame((frame) => {
      this.#receive(frame);
    });
  }

  /**
   * Asks the other side.
   *
   * @throws FailureError with the other side's failure; `cancelled` when the signal fired before the call was sent;
   *   the failure given to {@link close} when the channel ends first.
   */
  call<K extends keyof Remote & string>(
    method: K,
    params: Params<Remote[K]>,
    options: CallOptions<Part<Remote[K]>> = {},
  ): Promise<Result<Remote[K]>> {
    const id = this.#nextId++;
    const { signal, onPart } = options;
    return new Promise((resolve, reject) => {
      const refusal: Failure | undefined = signal?.aborted === true ? { code: "cancelled" } : this.#closed;
      if (refusal !== undefined) {
        reject(new FailureError(refusal));
        return;
      }
      const cancel = (): void => {
        this.#port.post({ kind: "cancel", id });
      };
      signal?.addEventListener("abort", cancel, { once: true });
      this.#pending.set(id, {
        resolve: (result) => {
          signal?.removeEventListener("abort", cancel);
          resolve(result as Result<Remote[K]>);
        },
        reject: (error) => {
          signal?.removeEventListener("abort", cancel);
          reject(error);
        },
        onPart: (part) => onPart?.(part as Part<Remote[K]>),
      });
      try {
        this.#port.post({ kind: "call", id, method, params });
      } catch (thrown) {
        // What structured clone cannot carry.
        this.#take(id)?.reject(thrown instanceof Error ? thrown : new Error(String(thrown)));
      }
    });
  }

  /** Fails every open call and every later one, and cancels what this side is answering: the other side is gone. */
  close(failure: Failure): void {
    this.#closed ??= failure;
    const open = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of open) reject(new FailureError(failure));
    for (const controller of this.#answering.values()) controller.abort();
  }

  #receive(frame: Frame): void {
    switch (frame.kind) {
      case "call":
        void this.#answer(frame.id, frame.method, frame.params);
        return;
      case "cancel":
        this.#answering.get(frame.id)?.abort();
        return;
      case "part":
        this.#pending.get(frame.id)?.onPart(frame.part);
        return;
      case "result":
        this.#take(frame.id)?.resolve(frame.result);
        return;
      case "failure":
        this.#take(frame.id)?.reject(new FailureError(frame.failure));
        return;
    }
  }

  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    return pending;
  }

  /** Never rejects: whatever the handler throws goes back as a failure frame. */
  async #answer(id: number, method: string, params: unknown): Promise<void> {
    const controller = new AbortController();
    this.#answering.set(id, controller);
    const post = (frame: Frame): void => {
      if (this.#closed === undefined) this.#port.post(frame);
    };
    try {
      if (!Object.hasOwn(this.#handlers, method)) throw new TypeError(`no handler for ${method}`);
      const handler = this.#handlers[method as keyof Local];
      const result = await handler(params as never, {
        signal: controller.signal,
        part: (part) => {
          post({ kind: "part", id, part });
        },
      });
      post({ kind: "result", id, result });
    } catch (thrown) {
      post({ kind: "failure", id, failure: failureOf(thrown) });
    } finally {
      this.#answering.delete(id);
    }
  }
}

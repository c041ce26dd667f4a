/** Lets one through at a time, in the order of coming; who is stopped while waiting leaves at once. */
import { throwIfCancelled } from "../shared/failure";

export class Turnstile {
  #last: Promise<void> = Promise.resolve();

  /**
   * @returns what lets the next one through; calling it again changes nothing.
   * @throws FailureError `cancelled`
   */
  async enter(signal: AbortSignal | undefined): Promise<() => void> {
    throwIfCancelled(signal);
    const before = this.#last;
    let pass = (): void => undefined;
    const passed = new Promise<void>((resolve) => {
      pass = resolve;
    });
    this.#last = before.then(() => passed);
    const stop = (): void => {
      pass();
    };
    signal?.addEventListener("abort", stop, { once: true });
    await Promise.race([before, passed]);
    signal?.removeEventListener("abort", stop);
    throwIfCancelled(signal);
    return pass;
  }
}

/** A limit on how long the other side may be silent. */
import { FailureError } from "../../shared/failure";

export class Silence {
  readonly #controller = new AbortController();
  readonly #fail: () => void;
  readonly #milliseconds: number;
  #timer: NodeJS.Timeout;

  constructor(server: string, seconds: number) {
    this.#milliseconds = seconds * 1000;
    this.#fail = () => {
      this.#controller.abort(new FailureError({ code: "server-silent", server, seconds }));
    };
    this.#timer = setTimeout(this.#fail, this.#milliseconds);
  }

  /** Fires with the failure `server-silent`. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  heard(): void {
    this.end();
    this.#timer = setTimeout(this.#fail, this.#milliseconds);
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}

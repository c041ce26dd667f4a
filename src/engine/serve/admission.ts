/** How many requests may wait: the engine answers one after the other, so a long queue helps nobody. */
import { HttpError } from "./http-error";

export class Admission {
  readonly #places: number;
  #taken = 0;

  /** @param waiting requests that may wait besides the one that is answered. */
  constructor(waiting: number) {
    this.#places = waiting + 1;
  }

  /**
   * Takes a place while `work` goes on.
   *
   * @throws HttpError 429 when all are taken.
   */
  async during<T>(work: () => Promise<T>): Promise<T> {
    if (this.#taken >= this.#places) {
      const message = "Too many requests wait already. Ask again later.";
      throw new HttpError(message, { status: 429, code: "queue-full", headers: { "retry-after": "5" } });
    }
    this.#taken++;
    try {
      return await work();
    } finally {
      this.#taken--;
    }
  }
}

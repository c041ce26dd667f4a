/** Streamed text in portions: a message for each token would keep a slow view busy. */
const everyMilliseconds = 50;

export class TextPortions {
  readonly #send: (message: string, text: string) => void;
  #waiting: { readonly message: string; text: string } | undefined;

  /** @param send Takes a portion of a message's text. */
  constructor(send: (message: string, text: string) => void) {
    this.#send = send;
  }

  add(message: string, text: string): void {
    if (this.#waiting?.message === message) {
      this.#waiting.text += text;
      return;
    }
    this.sendNow();
    const waiting = { message, text };
    this.#waiting = waiting;
    setTimeout(() => {
      if (this.#waiting === waiting) this.sendNow();
    }, everyMilliseconds);
  }

  sendNow(): void {
    if (this.#waiting !== undefined) this.#send(this.#waiting.message, this.#waiting.text);
    this.#waiting = undefined;
  }
}

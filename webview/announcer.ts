/** Reads a streamed answer aloud by sentences; by tokens no screen reader could follow. */
import { element } from "./components";

export class Announcer {
  readonly root = element("div", { class: "announcer", role: "status", "aria-live": "polite" });
  #waiting = "";

  add(text: string): void {
    this.#waiting += text;
    const end = /^[\s\S]*[.!?。！？\n](?=\s|$)/.exec(this.#waiting)?.[0];
    if (end === undefined || end.trim() === "") return;
    this.#waiting = this.#waiting.slice(end.length);
    this.root.textContent = end;
  }

  end(): void {
    if (this.#waiting.trim() !== "") this.root.textContent = this.#waiting;
    this.#waiting = "";
  }
}

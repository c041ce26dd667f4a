/** Progress of one task, told a few times a second with its speed. */
import type { Failure } from "../../shared/failure";
import type { LibraryPart, LibraryStage } from "../../shared/library-protocol";

const tellMilliseconds = 250;
const speedMilliseconds = 8_000;

export class Progress {
  readonly #tell: (part: LibraryPart) => void;
  readonly #samples: { readonly at: number; readonly done: number }[] = [];
  #stage: LibraryStage = "asking";
  #done = 0;
  #total = 0;
  #told = 0;
  #retrying: Failure | undefined;

  constructor(tell: (part: LibraryPart) => void) {
    this.#tell = tell;
  }

  begin(stage: LibraryStage, done: number, total: number): void {
    // The end of the stage before, which may have come between two tellings.
    if (this.#samples.length > 0) this.#now();
    this.#stage = stage;
    this.#done = done;
    this.#total = total;
    this.#samples.length = 0;
    this.#retrying = undefined;
    this.#now();
  }

  add(bytes: number): void {
    this.#done += bytes;
    this.#retrying = undefined;
    if (performance.now() - this.#told >= tellMilliseconds) this.#now();
  }

  /** Why work waits; null when it goes on. */
  retrying(failure: Failure | null): void {
    this.#retrying = failure ?? undefined;
    this.#now();
  }

  #now(): void {
    const at = performance.now();
    this.#told = at;
    this.#samples.push({ at, done: this.#done });
    while ((this.#samples[0]?.at ?? at) < at - speedMilliseconds) this.#samples.shift();
    const first = this.#samples[0] ?? { at, done: this.#done };
    const seconds = (at - first.at) / 1000;
    this.#tell({
      stage: this.#stage,
      done: this.#done,
      total: Math.max(this.#total, this.#done),
      bytesPerSecond: seconds > 0.5 ? Math.round((this.#done - first.done) / seconds) : 0,
      ...(this.#retrying === undefined ? {} : { retrying: this.#retrying }),
    });
  }
}

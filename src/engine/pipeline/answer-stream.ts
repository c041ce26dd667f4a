/** An answer as it grows: tokens in, parts out. */
import type { ExplainPart } from "../../shared/protocol";
import { ReplyParser, type ReplyPart } from "../text/reply";
import { StopText } from "../text/stop";
import { TextStream } from "../text/stream";
import type { Tokenizer } from "../text/tokenizer";

export class AnswerStream {
  readonly imagePrompts: string[] = [];
  readonly #stream: TextStream;
  readonly #stop: StopText;
  readonly #parser = new ReplyParser();
  readonly #onPart: (part: ExplainPart) => void;
  #text = "";

  constructor(tokenizer: Tokenizer, stops: readonly string[], onPart: (part: ExplainPart) => void) {
    this.#stream = new TextStream(tokenizer);
    this.#stop = new StopText(stops);
    this.#onPart = onPart;
  }

  /** The answer without what stood inside `<h>…</h>`. */
  get text(): string {
    return this.#text.trim();
  }

  /** @returns whether the text that ends an answer has come. */
  push(token: number): boolean {
    const { text, stopped } = this.#stop.push(this.#stream.push(token));
    this.#give(this.#parser.push(text));
    return stopped;
  }

  /** Gives what was held back. */
  end(): void {
    const { text, stopped } = this.#stop.push(this.#stream.end());
    this.#give(this.#parser.push(stopped ? text : text + this.#stop.end()));
    this.#give(this.#parser.end());
  }

  /** Adds text that is not the model's own. */
  append(text: string): void {
    if (text !== "") this.#give([{ kind: "text", text }]);
  }

  #give(parts: readonly ReplyPart[]): void {
    for (const part of parts) {
      if (part.kind === "text") {
        // Models begin with a space or a line break that says nothing.
        const text = this.#text === "" ? part.text.trimStart() : part.text;
        if (text === "") continue;
        this.#text += text;
        this.#onPart({ kind: "text", text });
      } else {
        this.imagePrompts.push(part.prompt);
        this.#onPart(part);
      }
    }
  }
}

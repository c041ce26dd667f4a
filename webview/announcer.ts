/** Reads a streamed answer aloud by sentences; by tokens no screen reader could follow. */
import { element } from "./elements";

/** Sentences that stay in the page: those before have long been queued by the screen reader. */
const keptSentences = 20;

export class Announcer {
  readonly root = element("div", { class: "announcer", role: "log", "aria-live": "polite" });
  readonly #segmenter = new Intl.Segmenter(document.documentElement.lang, { granularity: "sentence" });
  #waiting = "";

  /** More of an answer: said as soon as a sentence is complete. */
  add(text: string): void {
    this.#waiting += text;
    const sentences = [...this.#segmenter.segment(this.#waiting)].map(({ segment }) => segment);
    this.#waiting = sentences.pop() ?? "";
    for (const sentence of sentences) this.say(sentence);
  }

  /** The answer has ended: says what is left. */
  end(): void {
    this.say(this.#waiting);
    this.#waiting = "";
  }

  say(sentence: string): void {
    const spoken = plain(sentence);
    if (spoken === "") return;
    this.root.append(element("p", {}, spoken));
    while (this.root.children.length > keptSentences) this.root.firstChild?.remove();
  }
}

/** Without the marks of Markdown, which would be read aloud one by one. */
const plain = (markdown: string): string =>
  markdown
    .replace(/^\s*(?:#{1,6}|>|[-*+]|\d+\.)\s+/gm, "")
    .replace(/[*_`|~]+/g, " ")
    .replace(/\s+/g, " ")
    .trim();

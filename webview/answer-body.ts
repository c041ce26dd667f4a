/** The text of an answer as it grows: blocks that have not changed stay as they are, with selection and scroll. */
import { dressBlock } from "./block";
import { element, showChildren } from "./elements";
import { renderMarkdown } from "./markdown";

interface Block {
  readonly html: string;
  readonly complete: boolean;
  readonly root: Element;
}

export class AnswerBody {
  readonly root = element("div", { class: "body" });
  #blocks: readonly Block[] = [];

  /** @param complete Whether the answer has ended. Until then its last block may still grow, and is left undressed. */
  show(source: string, complete: boolean): void {
    const fresh = [...renderMarkdown(source).children];
    this.#blocks = fresh.map((block, index) => {
      const html = block.outerHTML;
      const ended = complete || index < fresh.length - 1;
      const before = this.#blocks[index];
      if (before?.html === html && before.complete === ended) return before;
      return { html, complete: ended, root: ended ? dressBlock(block) : block };
    });
    showChildren(
      this.root,
      this.#blocks.map(({ root }) => root),
    );
  }
}

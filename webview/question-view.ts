/** A question: its images, what else went with it, and editing it. */
import { button } from "./components";
import { contextChip } from "./context-chip";
import type { ShownMessage } from "./answer-view";
import { element, ListView, type View } from "./elements";
import { send, text } from "./host";
import { thumbnail } from "./thumbnail";
import { longestText, type ViewImage } from "../src/shared/view-protocol";

export class QuestionView implements View<ShownMessage> {
  readonly root: HTMLElement;
  readonly #images = element("div", { class: "images" });
  readonly #contexts = element("div", { class: "contexts" });
  readonly #text = element("p", { class: "question" });
  readonly #thumbnails = new ListView<ViewImage>(this.#images, () => thumbnail({ removable: false }));
  readonly #edit: HTMLElement;
  #id = "";

  constructor() {
    this.#edit = button({
      label: text("edit"),
      icon: "edit",
      act: () => {
        this.edit();
      },
    });
    this.#edit.classList.add("edit");
    const label = { class: "user", "aria-label": text("you") };
    this.root = element("article", label, this.#images, this.#contexts, this.#text, this.#edit);
  }

  update({ message }: ShownMessage): void {
    this.#id = message.id;
    this.#thumbnails.show(message.images);
    this.#images.hidden = message.images.length === 0;
    this.#contexts.hidden = message.contexts.length === 0;
    if (this.#contexts.childElementCount !== message.contexts.length) {
      this.#contexts.replaceChildren(...message.contexts.map((context) => contextChip(context)));
    }
    if (this.#text.textContent !== message.text) this.#text.textContent = message.text;
  }

  /** Lets the question be rewritten in its place. */
  edit(): void {
    const field = element("textarea", { "aria-label": text("edit"), rows: "2", maxlength: String(longestText) });
    field.value = this.#text.textContent;
    const end = (): void => {
      form.replaceWith(this.#text);
      this.#edit.hidden = false;
      this.#edit.focus();
    };
    const resend = (): void => {
      if (field.value.trim() === "") return;
      send({ kind: "edit", message: this.#id, text: field.value });
      end();
    };
    const choices = element(
      "div",
      { class: "choices" },
      button({ label: text("send"), look: "primary", act: resend }),
      button({ label: text("cancel"), act: end }),
    );
    const form = element("div", { class: "editing" }, field, choices);
    field.addEventListener("keydown", (event) => {
      if (event.isComposing) return;
      if (event.key === "Escape") end();
      else if (event.key === "Enter" && !event.shiftKey) resend();
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
    this.#text.replaceWith(form);
    this.#edit.hidden = true;
    field.focus();
    field.select();
  }
}

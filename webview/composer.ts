/** Where a question is written, with the images and the context that go with it. */
import { longestText, type ViewContext, type ViewImage, type ViewState } from "../src/shared/view-protocol";
import { button, textButton } from "./components";
import { contextChip } from "./context-chip";
import { element, ListView, type View } from "./elements";
import { send, text } from "./host";
import { icon } from "./icons";
import { thumbnail } from "./thumbnail";

export interface ComposerEvents {
  /** The arrow up key in an empty field. */
  readonly editLast: () => void;
}

export class Composer {
  readonly root: HTMLElement;
  readonly #field = element("textarea", {
    ...{ rows: "1", maxlength: String(longestText), "aria-label": text("question"), placeholder: text("question") },
  });
  readonly #images = element("div", { class: "images" });
  readonly #contexts = element("div", { class: "contexts" });
  readonly #thumbnails = new ListView<ViewImage>(this.#images, () => thumbnail({ removable: true }));
  readonly #chips = new ListView<ViewContext>(this.#contexts, removableChip);
  readonly #current = element("button", { class: "chip suggestion", type: "button" });
  readonly #starter: HTMLElement;
  readonly #server = element("p", { class: "server hint" });
  readonly #send = button({
    label: text("send"),
    icon: "send",
    act: () => {
      this.#ask();
    },
  });
  readonly #stop = button({
    label: text("stop"),
    icon: "stop",
    act: () => {
      send({ kind: "stop" });
      this.focus();
    },
  });
  #busy = false;
  /** The chat that is shown, and what the host knows of what is written in it. */
  #chat: string | undefined;
  #told = "";
  #attached: ReadonlySet<string> = new Set();
  #currentImage: string | null = null;

  constructor({ editLast }: ComposerEvents) {
    const attach = button({
      label: text("attach"),
      icon: "attach",
      act: () => {
        send({ kind: "attach-pick" });
      },
    });
    const context = button({
      label: text("addContext"),
      icon: "add",
      act: () => {
        send({ kind: "add-context" });
      },
    });
    this.#current.addEventListener("click", () => {
      send({ kind: "attach-current" });
      this.focus();
    });
    const better = textButton(text("betterModel"), () => {
      send({ kind: "choose-model" });
    });
    this.#starter = element("p", { class: "starter hint" }, element("span", {}, text("starterHint")), " ", better);
    const space = element("span", { class: "space" });
    const bar = element("div", { class: "actions" }, attach, context, this.#current, space, this.#stop, this.#send);
    const box = element("div", { class: "box" }, this.#images, this.#contexts, this.#field, bar);
    this.root = element("div", { class: "composer" }, box, this.#server, this.#starter);
    this.#stop.hidden = this.#current.hidden = this.#starter.hidden = true;
    this.#field.addEventListener("input", () => {
      this.#changed();
    });
    this.#field.addEventListener("keydown", (event) => {
      if (event.isComposing) return;
      if (event.key === "Enter" && !event.shiftKey) this.#ask();
      else if (event.key === "Escape" && this.#busy) send({ kind: "stop" });
      else if (event.key === "ArrowUp" && this.#field.value === "" && !this.#busy) editLast();
      else return;
      event.preventDefault();
    });
    // The whole box is the field's: a click beside the text writes there.
    box.addEventListener("click", (event) => {
      if (event.target === box || event.target === bar || event.target === space) this.focus();
    });
  }

  show({ chat, attachments, contexts, draft, busy, messages, server }: ViewState): void {
    const hadFocus = this.root.contains(document.activeElement);
    if (chat !== this.#chat) {
      // Who is quick has begun to write before the first chat is here.
      const begun = this.#chat === undefined ? this.#field.value : "";
      this.#chat = chat;
      this.#told = draft;
      this.#field.value = draft + begun;
    }
    this.#thumbnails.show(attachments);
    this.#chips.show(contexts);
    this.#images.hidden = attachments.length === 0;
    this.#contexts.hidden = contexts.length === 0;
    this.#busy = busy;
    this.#stop.hidden = !busy;
    this.#send.hidden = busy;
    this.#attached = new Set(attachments.map(({ name }) => name));
    const answered = messages.findLast(({ model }) => model !== undefined)?.model;
    this.#starter.hidden = server !== null || answered?.starter !== true;
    this.#server.hidden = server === null;
    this.#server.textContent = server === null ? "" : text("serverHint", server);
    this.#changed();
    this.#suggest();
    // What had the focus may be gone.
    if (hadFocus && !this.root.contains(document.activeElement)) this.focus();
  }

  showCurrentImage(name: string | null): void {
    this.#currentImage = name;
    this.#suggest();
  }

  focus(): void {
    this.#field.focus();
  }

  /** Words that the person goes on with, before those that are there. */
  begin(words: string): void {
    if (!this.#field.value.startsWith(words)) this.#field.value = words + this.#field.value;
    this.#changed();
    this.focus();
    this.#field.setSelectionRange(this.#field.value.length, this.#field.value.length);
  }

  #suggest(): void {
    const name = this.#currentImage;
    this.#current.hidden = name === null || this.#attached.has(name);
    this.#current.title = text("attachCurrent", name ?? "");
    this.#current.setAttribute("aria-label", this.#current.title);
    this.#current.replaceChildren(icon("add"), element("span", {}, name ?? ""));
  }

  #changed(): void {
    const draft = this.#field.value;
    if (this.#chat !== undefined && draft !== this.#told) send({ kind: "draft", chat: this.#chat, text: draft });
    this.#told = draft;
    this.#send.toggleAttribute("disabled", draft.trim() === "" && this.#attached.size === 0);
  }

  #ask(): void {
    if (this.#busy || (this.#field.value.trim() === "" && this.#attached.size === 0)) return;
    send({ kind: "ask", text: this.#field.value });
    this.#field.value = "";
    this.#changed();
    this.focus();
  }
}

function removableChip(context: ViewContext): View<ViewContext> {
  const remove = (): void => {
    send({ kind: "remove-context", context: context.id });
  };
  return { root: contextChip(context, remove), update: () => undefined };
}

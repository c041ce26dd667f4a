/** The chats of this workspace: search, open, rename, delete, export. */
import type { ViewState } from "../src/shared/view-protocol";
import { button, element } from "./components";
import { send, text } from "./host";

export class History {
  readonly root: HTMLDetailsElement;
  readonly #search = element("input", { type: "search", "aria-label": text("search"), placeholder: text("search") });
  readonly #list = element("ul");
  #state: ViewState | undefined;

  constructor() {
    const bar = element(
      "div",
      { class: "bar" },
      button({
        label: text("newChat"),
        act: () => {
          send({ kind: "new-chat" });
        },
      }),
      button({
        label: text("export"),
        act: () => {
          send({ kind: "export-chat" });
        },
      }),
    );
    this.root = element(
      "details",
      { class: "history" },
      element("summary", {}, text("history")),
      bar,
      this.#search,
      this.#list,
    );
    this.#search.addEventListener("input", () => {
      this.#draw();
    });
  }

  show(state: ViewState): void {
    this.#state = state;
    this.root.hidden = state.history.length === 0;
    this.#draw();
  }

  #draw(): void {
    const wanted = this.#search.value.toLowerCase();
    const found = (this.#state?.history ?? []).filter(({ title }) => title.toLowerCase().includes(wanted));
    this.#list.replaceChildren(
      ...found.map(({ id, title }) => {
        const open = element("button", { class: "link", type: "button", title }, title);
        if (id === this.#state?.chat.id) open.setAttribute("aria-current", "true");
        open.addEventListener("click", () => {
          send({ kind: "open-chat", chat: id });
        });
        const rename = { label: `${text("rename")}: ${title}`, symbol: "✎", look: "icon" } as const;
        const remove = { label: `${text("delete")}: ${title}`, symbol: "✕", look: "icon" } as const;
        return element(
          "li",
          {},
          open,
          button({
            ...rename,
            act: () => {
              send({ kind: "rename-chat", chat: id });
            },
          }),
          button({
            ...remove,
            act: () => {
              send({ kind: "delete-chat", chat: id });
            },
          }),
        );
      }),
    );
  }
}

/** The chats of this workspace: search, open, rename, export, delete. */
import type { ChatSummary } from "../src/shared/view-protocol";
import { button, searchField } from "./components";
import { element, ListView, type View } from "./elements";
import { send, text } from "./host";

const units = [
  ["year", 31_557_600_000],
  ["month", 2_629_800_000],
  ["week", 604_800_000],
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
] as const;

export class Chats {
  readonly root: HTMLElement;
  readonly #search = searchField(text("searchChats"), (value) => {
    send({ kind: "search-chats", text: value });
  });
  readonly #list = element("ul");
  readonly #rows: ListView<ChatSummary>;
  readonly #none = element("p", { class: "hint", role: "status" });

  /** @param close Called when a chat has been chosen, or none. */
  constructor(close: () => void) {
    this.#rows = new ListView<ChatSummary>(this.#list, ({ id }) => chatRow(id, close));
    const head = element(
      "div",
      { class: "head" },
      button({ label: text("close"), icon: "arrowLeft", act: close }),
      element("h2", {}, text("chats")),
      button({
        label: text("newChat"),
        icon: "add",
        act: () => {
          send({ kind: "new-chat" });
          close();
        },
      }),
    );
    this.root = element("section", { class: "chats", "aria-label": text("chats") });
    this.root.append(head, this.#search.root, this.#none, this.#list);
    this.root.addEventListener("keydown", (event) => {
      if (event.key === "Escape") close();
    });
  }

  /** Marks the chat that is open. */
  mark(open: string): void {
    for (const row of this.#list.children) {
      const title = row.querySelector(".open");
      if (row instanceof HTMLElement && row.dataset["chat"] === open) title?.setAttribute("aria-current", "true");
      else title?.removeAttribute("aria-current");
    }
  }

  show(search: string, chats: readonly ChatSummary[], open: string): void {
    this.#rows.show(chats);
    this.#none.textContent = chats.length > 0 ? "" : text(search === "" ? "noChats" : "noneFound");
    this.mark(open);
  }

  focus(): void {
    this.#search.root.focus();
  }
}

function chatRow(id: string, close: () => void): View<ChatSummary> {
  const title = element("span", { class: "name" });
  const when = element("span", { class: "when" });
  const open = element("button", { class: "open", type: "button" }, title, when);
  open.addEventListener("click", () => {
    send({ kind: "open-chat", chat: id });
    close();
  });
  const kinds = [
    ["rename-chat", "rename", "edit"],
    ["export-chat", "export", "exported"],
    ["delete-chat", "delete", "trash"],
  ] as const;
  const actions = kinds.map(([kind, label, icon]) => ({
    label,
    root: button({
      label: "",
      icon,
      act: () => {
        send({ kind, chat: id });
      },
    }),
  }));
  const root = element("li", { "data-chat": id }, open, ...actions.map((action) => action.root));
  return {
    root,
    update: (chat) => {
      title.textContent = open.title = chat.title;
      when.textContent = relativeTime(chat.updated);
      for (const { label, root: made } of actions) {
        made.title = text(label, chat.title);
        made.setAttribute("aria-label", made.title);
      }
    },
  };
}

function relativeTime(then: number): string {
  const format = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "auto", style: "short" });
  const elapsed = Date.now() - then;
  for (const [unit, milliseconds] of units) {
    if (elapsed >= milliseconds) return format.format(-Math.floor(elapsed / milliseconds), unit);
  }
  return format.format(0, "minute");
}

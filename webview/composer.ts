/** Where a question is written: text, attachments by paste, drop and choice, context by choice. */
import { button, element } from "./components";
import { send, text, vscode } from "./host";
import { thumbnail } from "./image-view";
import type { ContextKind, ViewState } from "../src/shared/view-protocol";

export class Composer {
  readonly root: HTMLElement;
  readonly #field = element("textarea", {
    rows: "3",
    "aria-label": text("placeholder"),
    placeholder: text("placeholder"),
  });
  readonly #images = element("div", { class: "images" });
  readonly #send = button({
    label: text("send"),
    look: "primary",
    act: () => {
      this.#ask();
    },
  });
  readonly #stop = button({
    label: text("stop"),
    act: () => {
      send({ kind: "stop" });
    },
  });
  #busy = false;

  constructor() {
    const attach = button({
      label: text("attach"),
      look: "icon",
      symbol: "+",
      act: () => {
        send({ kind: "attach-pick" });
      },
    });
    const label = text("attachCurrent");
    const current = button({
      label,
      look: "icon",
      symbol: "▣",
      act: () => {
        send({ kind: "attach-current" });
      },
    });
    const bar = element("div", { class: "bar" }, attach, current, contextMenu(), element("span", { class: "space" }));
    bar.append(this.#stop, this.#send);
    this.root = element("form", { class: "composer" }, this.#images, this.#field, bar);
    this.#stop.hidden = true;
    this.#restore();
    this.#field.addEventListener("input", () => {
      vscode.setState({ draft: this.#field.value });
    });
    this.#field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#ask();
    });
    document.addEventListener("paste", (event) => {
      const files = [...(event.clipboardData?.files ?? [])];
      if (files.length > 0) event.preventDefault();
      void attachFiles(files);
    });
    document.addEventListener("dragover", (event) => {
      event.preventDefault();
    });
    document.addEventListener("drop", (event) => {
      event.preventDefault();
      const data = event.dataTransfer;
      const addresses = data?.getData("application/vnd.code.uri-list") ?? "";
      const listed = (addresses === "" ? (data?.getData("text/uri-list") ?? "") : addresses).split(/\r?\n/);
      const local = listed.filter((address) => /^(file|vscode-remote):/.test(address)).slice(0, 40);
      if (local.length > 0) send({ kind: "attach-addresses", addresses: local });
      else void attachFiles([...(data?.files ?? [])]);
    });
  }

  show({ attachments, busy }: ViewState): void {
    this.#images.replaceChildren(...attachments.map((image) => thumbnail(image, true)));
    this.#busy = busy;
    this.#stop.hidden = !busy;
    this.#send.hidden = busy;
  }

  add(more: string): void {
    this.#field.value = this.#field.value === "" ? more : `${this.#field.value}\n${more}`;
    vscode.setState({ draft: this.#field.value });
    this.#field.focus();
  }

  #ask(): void {
    if (this.#busy) return;
    send({ kind: "ask", text: this.#field.value });
    this.#field.value = "";
    vscode.setState({ draft: "" });
  }

  #restore(): void {
    const state = vscode.getState();
    if (typeof state !== "object" || state === null || !("draft" in state)) return;
    if (typeof state.draft === "string") this.#field.value = state.draft;
  }
}

async function attachFiles(files: readonly File[]): Promise<void> {
  for (const file of files) {
    if (!file.type.startsWith("image/")) continue;
    send({ kind: "attach-bytes", name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) });
  }
}

function contextMenu(): HTMLElement {
  const menu = element("select", { "aria-label": text("context"), title: text("context") });
  const kinds: readonly ContextKind[] = ["selection", "file", "diagnostics"];
  menu.append(element("option", { value: "" }, text("context")));
  menu.append(...kinds.map((kind) => element("option", { value: kind }, text(kind))));
  menu.addEventListener("change", () => {
    const kind = kinds.find((one) => one === menu.value);
    if (kind !== undefined) send({ kind: "context", context: kind });
    menu.value = "";
  });
  return menu;
}

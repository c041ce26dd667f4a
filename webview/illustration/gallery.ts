/** The drawn pictures, newest first, each with what can be done with it. */
import type { PanelPicture, PanelState } from "../../src/shared/illustration-protocol";
import { button } from "../components";
import { element } from "../elements";
import { ask, text } from "./host";

interface Shown {
  readonly view: HTMLElement;
  readonly drawnFrom: string;
}

export class Gallery {
  readonly root = element("section", { "aria-label": text("pictures") });
  readonly #again: (picture: PanelPicture) => void;
  readonly #start: (picture: PanelPicture) => void;
  /** What is shown, with what it was drawn from: an unchanged picture is left alone, and keeps the focus. */
  #shown = new Map<string, Shown>();

  /** Called where a picture is to be drawn again with a change, or is to be the start of others. */
  constructor(events: Record<"again" | "start", (picture: PanelPicture) => void>) {
    this.#again = events.again;
    this.#start = events.start;
  }

  show({ pictures, document, busy }: PanelState): void {
    const next = new Map<string, Shown>();
    for (const picture of pictures) {
      const drawnFrom = JSON.stringify([picture, document]);
      const before = this.#shown.get(picture.id);
      const kept = before?.drawnFrom === drawnFrom ? before : undefined;
      next.set(picture.id, kept ?? { view: this.#figure(picture, document), drawnFrom });
    }
    this.#shown = next;
    const views = [...next.values()].map(({ view }) => view);
    const empty = element("p", { class: "hint" }, text("empty"));
    const wanted: readonly HTMLElement[] = views.length > 0 ? views : busy ? [] : [empty];
    if (wanted.length !== this.root.children.length || wanted.some((view, at) => this.root.children[at] !== view)) {
      this.root.replaceChildren(...wanted);
    }
  }

  #figure(picture: PanelPicture, document: string | null): HTMLElement {
    const { id, form, width, height, model, embedded, saved } = picture;
    const image = element("img", {
      src: picture.source,
      alt: form.prompt,
      width: String(width),
      height: String(height),
    });
    const facts = text("caption", width, height, form.seed ?? 0, model);
    const caption = element(
      "figcaption",
      {},
      element("span", { class: "prompt" }, form.prompt),
      element("span", { class: "hint" }, facts),
    );
    if (form.from !== null) {
      const { name, strength } = form.from;
      caption.append(element("span", { class: "hint" }, text("startedFrom", name, Math.round(strength * 100))));
    }
    if (embedded) caption.append(element("span", { class: "hint" }, text("embedded")));
    if (saved !== undefined) caption.append(element("span", { class: "saved" }, text("saved", saved)));
    const action = (label: string, act: () => void): HTMLElement => button({ label, act });
    const actions = element("div", { class: "bar" });
    actions.append(
      action(text("save"), () => {
        ask({ kind: "save", picture: id });
      }),
    );
    if (document !== null) {
      actions.append(
        action(text("insert", document), () => {
          ask({ kind: "insert", picture: id });
        }),
      );
    }
    actions.append(
      action(text("again"), () => {
        this.#again(picture);
      }),
      action(text("startHere"), () => {
        this.#start(picture);
      }),
      action(text("remove"), () => {
        ask({ kind: "remove", picture: id });
      }),
    );
    return element("figure", {}, image, caption, actions);
  }
}

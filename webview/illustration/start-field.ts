/** The picture to start from instead of noise alone, and how much of it is drawn anew. */
import type { StartPicture } from "../../src/shared/illustration-protocol";
import { button } from "../components";
import { element } from "../elements";
import { labelled } from "./fields";
import { ask, text } from "./host";

/** Enough to follow the prompt, little enough to know the picture again. */
const usualStrength = 0.6;

export class StartField {
  readonly root = element("div", { class: "start" });
  readonly #choose = button({
    label: text("chooseStart"),
    act: () => {
      ask({ kind: "choose-start" });
    },
  });
  readonly #picture = element("img", { alt: "" });
  readonly #name = element("span", { class: "name" });
  readonly #strength = element("input", { type: "range", min: "5", max: "100", step: "5" });
  readonly #percent = element("output");
  readonly #chosen: HTMLElement;
  #start: Pick<StartPicture, "file" | "name"> | null = null;
  #folder = "";

  constructor() {
    const remove = button({
      label: text("noStart"),
      act: () => {
        this.value = null;
        this.#choose.focus();
      },
    });
    const strength = labelled(text("strength"), this.#strength);
    strength.append(this.#percent);
    this.#chosen = element(
      "div",
      { class: "chosen" },
      this.#picture,
      element("div", { class: "facts" }, this.#name, strength, element("div", { class: "bar" }, remove)),
    );
    this.root.append(this.#choose, this.#chosen);
    this.#strength.addEventListener("input", () => {
      this.#show();
    });
    this.value = null;
  }

  /** @param folder Address of the folder of pictures inside the webview. */
  set folder(folder: string) {
    if (folder === this.#folder) return;
    this.#folder = folder;
    this.#show();
  }

  get value(): StartPicture | null {
    return this.#start === null ? null : { ...this.#start, strength: this.#strength.valueAsNumber / 100 };
  }

  set value(start: StartPicture | null) {
    this.#start = start === null ? null : { file: start.file, name: start.name };
    this.#strength.valueAsNumber = Math.round((start?.strength ?? usualStrength) * 100);
    this.#show();
  }

  /** Starts from this picture; how much is drawn anew stays as it was. */
  take(start: Pick<StartPicture, "file" | "name">): void {
    this.#start = start;
    this.#show();
    this.#strength.focus();
  }

  #show(): void {
    const start = this.#start;
    this.#choose.hidden = start !== null;
    this.#chosen.hidden = start === null;
    this.#percent.textContent = text("percent", this.#strength.valueAsNumber);
    if (start === null || this.#folder === "") return;
    const source = `${this.#folder}/${start.file}`;
    if (this.#picture.getAttribute("src") !== source) this.#picture.src = source;
    this.#name.textContent = text("startFrom", start.name);
  }
}

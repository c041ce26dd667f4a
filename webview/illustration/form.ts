/** What to draw and how: the form of the panel. */
import { largestSeed } from "../../src/shared/generate-protocol";
import {
  type IllustrationForm,
  longestPrompt,
  mostVariations,
  type PictureSize,
  type StartPicture,
  type StyleName,
  styleNames,
} from "../../src/shared/illustration-protocol";
import { button } from "../components";
import { element } from "../elements";
import { choice, labelled, numberField, numberIn } from "./fields";
import { ask, text } from "./host";
import { StartField } from "./start-field";

const sizes: readonly PictureSize[] = [
  { width: 128, height: 128 },
  { width: 256, height: 256 },
  { width: 512, height: 512 },
  { width: 768, height: 768 },
  { width: 1024, height: 1024 },
  { width: 768, height: 512 },
  { width: 512, height: 768 },
  { width: 512, height: 256 },
  { width: 1024, height: 512 },
];

/** What the small embedded model has seen; it draws one size. */
const embeddedStyles: readonly StyleName[] = ["none", "flat", "line", "icon"];

const sizeKey = ({ width, height }: PictureSize): string => `${width}x${height}`;

export class Form {
  readonly root: HTMLFormElement;
  readonly #prompt = element("textarea", {
    rows: "3",
    required: "",
    maxlength: String(longestPrompt),
    placeholder: text("promptHint"),
  });
  readonly #style = choice(styleNames.map((name) => [name, text(`style-${name}`)]));
  readonly #size = choice([
    ["", text("sizeModel")],
    ...sizes.map((size) => [sizeKey(size), `${size.width} × ${size.height}`] as const),
  ]);
  readonly #count = choice(
    Array.from({ length: mostVariations }, (_, index) => [String(index + 1), String(index + 1)]),
  );
  readonly #seed = numberField({ least: 0, most: largestSeed, step: 1, placeholder: text("seedRandom") });
  readonly #negative = element("input", { type: "text", maxlength: String(longestPrompt) });
  readonly #steps = numberField({ least: 1, most: 150, step: 1, placeholder: text("modelDefault") });
  readonly #guidance = numberField({ least: 0, most: 30, step: 0.5, placeholder: text("modelDefault") });
  readonly #generate = button({
    label: text("generate"),
    look: "primary",
    act: () => {
      this.root.requestSubmit();
    },
  });
  readonly #stop = button({
    label: text("stop"),
    act: () => {
      ask({ kind: "stop" });
    },
  });
  readonly #from = new StartField();
  #busy = false;
  #embedded = false;

  constructor() {
    this.root = element(
      "form",
      { "aria-label": text("title") },
      labelled(text("prompt"), this.#prompt),
      element(
        "div",
        { class: "row" },
        labelled(text("style"), this.#style),
        labelled(text("size"), this.#size),
        labelled(text("count"), this.#count),
        labelled(text("seed"), this.#seed),
      ),
      this.#from.root,
      element(
        "details",
        {},
        element("summary", {}, text("more")),
        labelled(text("negative"), this.#negative),
        element(
          "div",
          { class: "row" },
          labelled(text("steps"), this.#steps),
          labelled(text("guidance"), this.#guidance),
        ),
      ),
      element("div", { class: "bar" }, this.#generate, this.#stop),
    );
    this.#stop.hidden = true;
    this.#style.addEventListener("change", () => {
      // A banner is wide; who has chosen a size means it.
      if (this.#style.value === "banner" && this.#size.value === "") this.#size.value = "512x256";
    });
    this.#prompt.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.root.requestSubmit();
    });
    this.root.addEventListener("submit", (event) => {
      event.preventDefault();
      if (!this.#busy) ask({ kind: "generate", form: this.#read() });
    });
  }

  fill({ prompt, style, size, count, seed, negative, steps, guidance, from }: IllustrationForm): void {
    this.#prompt.value = prompt;
    this.#style.value = style;
    this.#size.value = size === null ? "" : sizeKey(size);
    this.#count.value = String(count);
    this.#seed.value = seed === null ? "" : String(seed);
    this.#negative.value = negative;
    this.#steps.value = steps === null ? "" : String(steps);
    this.#guidance.value = guidance === null ? "" : String(guidance);
    this.#from.value = from;
    this.#offer();
    this.focus();
  }

  /** The picture to start from. */
  start(picture: Pick<StartPicture, "file" | "name">): void {
    this.#from.take(picture);
  }

  focus(): void {
    this.#prompt.focus();
    this.#prompt.setSelectionRange(this.#prompt.value.length, this.#prompt.value.length);
  }

  /** @param state `embedded` where the small embedded model would draw, which has one size and few styles. */
  show(state: Record<"busy" | "ready" | "embedded", boolean> & { readonly folder: string }): void {
    const { busy, ready, embedded, folder } = state;
    this.#from.folder = folder;
    this.#busy = busy || !ready;
    this.#embedded = embedded;
    this.#offer();
    this.#generate.hidden = busy;
    this.#generate.toggleAttribute("disabled", !ready);
    // The focus stays on the one button that is there.
    if (busy !== !this.#stop.hidden && this.root.contains(document.activeElement)) {
      this.#stop.hidden = !busy;
      if (document.activeElement?.tagName === "VSCODE-BUTTON") (busy ? this.#stop : this.#generate).focus();
    }
    this.#stop.hidden = !busy;
  }

  #offer(): void {
    const embedded = this.#embedded;
    this.#size.disabled = embedded;
    if (embedded) this.#size.value = "";
    for (const option of this.#style.options) {
      option.disabled = embedded && !embeddedStyles.some((name) => name === option.value);
      if (option.disabled && option.selected) this.#style.value = "none";
    }
  }

  #read(): IllustrationForm {
    return {
      prompt: this.#prompt.value,
      style: this.#style.value as StyleName,
      size: sizes.find((size) => sizeKey(size) === this.#size.value) ?? null,
      count: Number(this.#count.value),
      seed: numberIn(this.#seed),
      negative: this.#negative.value,
      steps: numberIn(this.#steps),
      guidance: numberIn(this.#guidance),
      from: this.#from.value,
    };
  }
}

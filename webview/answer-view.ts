/** An answer: its stages while it comes, its text, and what can be done with it. */
import type { LatentPreview } from "../src/shared/generate-protocol";
import type { ViewImage, ViewMessage, ViewStage } from "../src/shared/view-protocol";
import { AnswerBody } from "./answer-body";
import { button, progressRing, tag } from "./components";
import { copyButton } from "./copy-button";
import { drawnPicture } from "./drawn-picture";
import { element, ListView, type View } from "./elements";
import { send, text } from "./host";
import { icon } from "./icons";
import { drawLatents } from "./latents";

/** Between two drawings of a growing answer: at least this, and this many times what the last one took. */
const drawEvery = { milliseconds: 80, times: 4 };

export interface ShownMessage {
  readonly id: string;
  readonly message: ViewMessage;
  readonly last: boolean;
}

export class AnswerView implements View<ShownMessage> {
  readonly root: HTMLElement;
  readonly #body = new AnswerBody();
  readonly #stage = element("span");
  readonly #bar = element("div", { class: "bar" });
  readonly #latents = element("canvas", { "aria-hidden": "true" });
  readonly #progress = element("div", { class: "progress" }, progressRing(), this.#stage, this.#bar, this.#latents);
  readonly #drawings = element("div", { class: "drawings" });
  readonly #pictures = new ListView<ViewImage>(this.#drawings, drawnPicture);
  readonly #ending = element("footer");
  #source = "";
  #drawn: string | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #complete = false;
  #drawingTook = 0;
  #endingOf = "";

  constructor() {
    const label = { class: "assistant", "aria-label": text("answer") };
    this.#latents.hidden = true;
    this.root = element("article", label, this.#body.root, this.#progress, this.#drawings, this.#ending);
  }

  update({ message, last }: ShownMessage): void {
    const complete = message.state !== "streaming" && message.state !== "elsewhere";
    if (message.state === "elsewhere") this.stage({ text: text("answeredElsewhere"), fraction: null });
    this.#progress.hidden = complete;
    this.root.setAttribute("aria-busy", String(!complete));
    if (message.text !== this.#source || complete !== this.#complete || this.#drawn === undefined) {
      this.#source = message.text;
      this.#complete = complete;
      this.#draw();
    }
    this.#pictures.show(message.images);
    const endingOf = JSON.stringify([{ ...message, text: message.text === "" }, last]);
    if (endingOf === this.#endingOf) return;
    this.#endingOf = endingOf;
    this.#ending.replaceChildren(...(complete ? ending(message, last) : []));
  }

  append(more: string): void {
    this.#source += more;
    this.#timer ??= setTimeout(
      () => {
        this.#draw();
      },
      Math.max(drawEvery.milliseconds, drawEvery.times * this.#drawingTook),
    );
  }

  stage({ text: label, fraction }: ViewStage): void {
    this.#stage.textContent = fraction === null ? label : `${label} ${Math.round(fraction * 100)} %`;
    this.#bar.style.setProperty("--done", `${(fraction ?? 0) * 100}%`);
    this.#bar.hidden = fraction === null;
  }

  preview(preview: LatentPreview): void {
    this.#latents.hidden = false;
    drawLatents(this.#latents, preview);
  }

  #draw(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#drawn = this.#source;
    const started = performance.now();
    this.#body.show(this.#source, this.#complete);
    this.#drawingTook = performance.now() - started;
  }
}

function ending(message: ViewMessage, last: boolean): HTMLElement[] {
  const parts: HTMLElement[] = message.notices.map((notice) => element("p", { class: "hint" }, notice));
  if (message.state === "stopped") parts.push(element("p", { class: "hint" }, text("stopped")));
  if (message.failure !== undefined) parts.push(failure(message.failure, last));
  const actions = element("div", { class: "actions" });
  if (message.text !== "") {
    actions.append(
      copyButton(text("copyAnswer"), () => message.text),
      button({
        label: text("insertAnswer"),
        icon: "insert",
        act: () => {
          send({ kind: "insert", text: message.text });
        },
      }),
    );
  }
  if (last && message.failure === undefined) actions.append(retryButton());
  actions.append(element("span", { class: "space" }));
  const { model } = message;
  if (model?.starter === true) actions.append(tag(text("starter"), text("starterHint")));
  else if (model !== undefined) {
    const { name, server } = model;
    const shown = server === undefined ? name : `${name} (${server})`;
    const title = server === undefined ? name : text("answeredBy", name, server);
    actions.append(element("span", { class: "model", title }, shown));
  }
  if (actions.childElementCount > 1) parts.push(actions);
  return parts;
}

const retryButton = (): HTMLElement =>
  button({
    label: text("retry"),
    icon: "retry",
    act: () => {
      send({ kind: "retry" });
    },
  });

function failure({ message, advice, steps = [] }: NonNullable<ViewMessage["failure"]>, last: boolean): HTMLElement {
  const choices = element("div", { class: "choices" });
  if (last) {
    const ways = steps.map(({ step, label }) => ({
      label,
      act: () => {
        send({ kind: "failure-step", step });
      },
    }));
    const retry = {
      label: text("retry"),
      act: () => {
        send({ kind: "retry" });
      },
    };
    // Without a token or another model it would fail again; settings may be as they should.
    const [first, ...rest] = ways;
    const isCure = steps[0]?.step.endsWith("-settings") === false;
    const ordered = first !== undefined && isCure ? [first, retry, ...rest] : [retry, ...ways];
    choices.append(...ordered.map((way, at) => button({ ...way, look: at === 0 ? "primary" : "secondary" })));
  }
  choices.append(
    button({
      label: text("showLog"),
      act: () => {
        send({ kind: "show-log" });
      },
    }),
  );
  const what = element("p", {}, icon("error"), element("strong", {}, message));
  return element("div", { class: "failure", role: "alert" }, what, element("p", {}, advice), choices);
}

/** The illustration panel. It holds nothing that the host can't tell it again, but what is being written. */
import "./panel.css";
import type { HostToPanel, PanelState } from "../../src/shared/illustration-protocol";
import { button } from "../components";
import { element } from "../elements";
import { Form } from "./form";
import { Gallery } from "./gallery";
import { ask, text } from "./host";
import { drawLatents } from "../latents";

const form = new Form();
const gallery = new Gallery({
  again: (picture) => {
    form.fill(picture.form);
    form.root.scrollIntoView();
  },
  start: ({ file, form: { prompt } }) => {
    form.start({ file, name: prompt });
    form.root.scrollIntoView();
  },
});
const notices = element("div");
const bar = element("progress", { "aria-label": text("title") });
const stage = element("span");
const canvas = element("canvas", { "aria-hidden": "true" });
const progress = element("div", { class: "progress" }, stage, bar, canvas);
const announcer = element("div", { class: "announcer", role: "status", "aria-live": "polite" });
progress.hidden = true;

document
  .getElementById("app")
  ?.append(element("h1", {}, text("title")), form.root, notices, progress, gallery.root, announcer);

const link = (label: string, act: () => void): HTMLElement => button({ label, act });

function show(state: PanelState): void {
  const { busy, model, failure } = state;
  form.show({ busy, ready: model !== null, embedded: model?.embedded === true, folder: state.folder });
  if (!busy) {
    progress.hidden = true;
    canvas.hidden = true;
  }
  const chooseModel = (label: string): HTMLElement =>
    link(label, () => {
      ask({ kind: "choose-model" });
    });
  const parts: HTMLElement[] = [];
  if (model === null) {
    parts.push(
      element(
        "div",
        { class: "notice", role: "alert" },
        element("p", {}, text("noModel")),
        element("p", {}, text("noModelAdvice")),
        chooseModel(text("chooseModel")),
      ),
    );
  } else if (model.embedded) {
    parts.push(element("p", { class: "hint" }, text("embedded"), " ", chooseModel(text("betterModel"))));
  }
  if (failure !== null) {
    const log = link(text("showLog"), () => {
      ask({ kind: "show-log" });
    });
    parts.push(
      element(
        "div",
        { class: "failure", role: "alert" },
        element("p", {}, failure.message),
        element("p", {}, failure.advice),
        log,
      ),
    );
  }
  // Drawn anew, an alert would be read aloud again.
  const drawnFrom = JSON.stringify([model, failure]);
  if (notices.dataset["drawnFrom"] !== drawnFrom) notices.replaceChildren(...parts);
  notices.dataset["drawnFrom"] = drawnFrom;
  gallery.show(state);
}

/** Steps are many: every fourth part of the work is read aloud. */
let announced = "";
function report(label: string, fraction: number | null): void {
  progress.hidden = false;
  stage.textContent = label;
  if (fraction === null) bar.removeAttribute("value");
  else bar.value = fraction;
  const quarter = fraction === null ? label : String(Math.floor(fraction * 4));
  if (quarter !== announced) announcer.textContent = label;
  announced = quarter;
}

addEventListener("message", ({ data }: MessageEvent<HostToPanel>) => {
  switch (data.kind) {
    case "state":
      show(data.state);
      return;
    case "fill":
      form.fill(data.form);
      return;
    case "start":
      form.start(data.start);
      return;
    case "progress":
      report(data.text, data.fraction);
      return;
    case "preview":
      canvas.hidden = false;
      drawLatents(canvas, data.preview);
      return;
    case "announce":
      announcer.textContent = data.text;
      return;
  }
});

ask({ kind: "ready" });

/** The chat view. It holds nothing that the host can't tell it again. */
import "./style.css";
import type { HostToView, ViewState } from "../src/shared/view-protocol";
import { element } from "./components";
import { Composer } from "./composer";
import { History } from "./history";
import { send, text } from "./host";
import { type MessageView, messageView } from "./message-view";
import { Announcer } from "./announcer";

const history = new History();
const composer = new Composer();
const announcer = new Announcer();
const messages = element("main", { "aria-label": "Mini-Gemini" });
document.getElementById("app")?.append(history.root, messages, announcer.root, composer.root);

/** What is shown, with what it was drawn from: an unchanged message is left alone. */
let shown = new Map<string, { readonly view: MessageView; readonly drawnFrom: string }>();

function show(state: ViewState): void {
  const atEnd = messages.scrollHeight - messages.scrollTop - messages.clientHeight < 40;
  const next: typeof shown = new Map();
  const last = state.messages.at(-1)?.id;
  for (const message of state.messages) {
    // Streamed text arrives by itself: it must not draw the message anew.
    const streaming = message.state === "streaming";
    const drawnFrom = JSON.stringify([streaming ? { ...message, text: "" } : message, message.id === last]);
    const before = shown.get(message.id);
    const kept = before?.drawnFrom === drawnFrom ? before : undefined;
    next.set(message.id, kept ?? { view: messageView(message, message.id === last), drawnFrom });
  }
  const asked = [...next.keys()].some((id) => !shown.has(id));
  shown = next;
  const empty = element(
    "div",
    { class: "empty" },
    element("h2", {}, text("emptyTitle")),
    element("p", {}, text("emptyText")),
  );
  const roots = [...next.values()].map(({ view }) => view.root);
  messages.replaceChildren(...(roots.length === 0 ? [empty] : roots));
  composer.show(state);
  history.show(state);
  if (!state.busy) announcer.end();
  if (atEnd || asked) messages.scrollTop = messages.scrollHeight;
}

addEventListener("message", ({ data }: MessageEvent<HostToView>) => {
  switch (data.kind) {
    case "state":
      show(data.state);
      return;
    case "text": {
      const atEnd = messages.scrollHeight - messages.scrollTop - messages.clientHeight < 40;
      shown.get(data.message)?.view.append(data.text);
      announcer.add(data.text);
      if (atEnd) requestAnimationFrame(() => (messages.scrollTop = messages.scrollHeight));
      return;
    }
    case "stage":
      shown.get(data.message)?.view.stage(data.text, data.fraction);
      return;
    case "prompt":
      composer.add(data.text);
      return;
  }
});

document.addEventListener("click", (event) => {
  follow(event);
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter") follow(event);
});

function follow(event: Event): void {
  const link = event.target instanceof Element ? event.target.closest<HTMLElement>("a[data-target]") : null;
  if (link !== null) send({ kind: "open-link", target: link.dataset["target"] ?? "" });
}

send({ kind: "ready" });

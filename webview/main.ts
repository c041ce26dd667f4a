/** The chat view. It holds nothing that the host can't tell it again. */
import "./style/main.css";
import type { HostToView, ViewMessage, ViewState } from "../src/shared/view-protocol";
import { Announcer } from "./announcer";
import { Chats } from "./chats";
import { Composer } from "./composer";
import { Conversation } from "./conversation";
import { element } from "./elements";
import { keep, keptState, send, text } from "./host";
import { takeTransfers } from "./transfer";

const announcer = new Announcer();
const conversation = new Conversation();
const composer = new Composer({
  editLast: () => {
    conversation.editLast();
  },
});
const chats = new Chats(() => {
  showChats(false);
  composer.focus();
});
const talk = element("div", { class: "talk" }, conversation.root, composer.root);
document.getElementById("app")?.append(chats.root, talk, announcer.root);
showChats(keptState().chatsOpen);

let state: ViewState | undefined;

function showChats(open: boolean): void {
  chats.root.hidden = !open;
  talk.hidden = open;
  keep({ chatsOpen: open });
}

function show(next: ViewState): void {
  const before = state?.chat === next.chat ? state : undefined;
  const wasBusy = before?.busy === true;
  state = next;
  conversation.show(next);
  composer.show(next);
  chats.mark(next.chat);
  for (const answer of endedElsewhere(before, next)) {
    announcer.add(answer.text);
    sayEnd(answer);
  }
  if (wasBusy && !next.busy) sayEnd(next.messages.at(-1));
}

function sayEnd(answer: ViewMessage | undefined): void {
  announcer.end();
  if (answer?.state === "stopped") announcer.say(text("stopped"));
  const drawn = answer?.images.at(-1)?.drawing;
  if (drawn !== undefined) announcer.say(text("drawn", drawn.prompt));
}

/** What another window was answering, and has answered now. */
function endedElsewhere(before: ViewState | undefined, next: ViewState): readonly ViewMessage[] {
  const awaited = before?.messages.filter(({ state: how }) => how === "elsewhere").map(({ id }) => id) ?? [];
  return next.messages.filter(({ id, state: how }) => how !== "elsewhere" && awaited.includes(id));
}

function receive(data: HostToView): void {
  switch (data.kind) {
    case "state":
      show(data.state);
      return;
    case "text":
      conversation.append(data.message, data.text);
      announcer.add(data.text);
      return;
    case "stage":
      conversation.stage(data.message, data.stage);
      if (data.stage.fraction === null || data.stage.fraction === 0) announcer.say(data.stage.text);
      return;
    case "preview":
      conversation.preview(data.message, data.preview);
      return;
    case "begin":
      composer.begin(data.text);
      return;
    case "chats":
      chats.show(data.search, data.chats, state?.chat ?? "");
      return;
    case "focus":
      showChats(data.on === "chats");
      if (data.on === "chats") chats.focus();
      else composer.focus();
      return;
    case "current-image":
      composer.showCurrentImage(data.name);
      return;
  }
}

addEventListener("message", ({ data }: MessageEvent<HostToView>) => {
  receive(data);
});

takeTransfers((over) => {
  document.body.classList.toggle("dragging", over);
});

// Who comes to the view wants to write, unless they come by keyboard to something in it.
addEventListener("focus", () => {
  if (document.activeElement === document.body && !talk.hidden) composer.focus();
});

function follow(event: Event): void {
  const link = event.target instanceof Element ? event.target.closest<HTMLElement>("a[data-target]") : null;
  if (link !== null) send({ kind: "open-link", target: link.dataset["target"] ?? "" });
}
document.addEventListener("click", follow);
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter") follow(event);
});

send({ kind: "ready" });

/** The messages of the open chat, and the welcome where there are none. */
import type { LatentPreview } from "../src/shared/generate-protocol";
import type { ViewMessage, ViewState } from "../src/shared/view-protocol";
import { AnswerView, type ShownMessage } from "./answer-view";
import { button } from "./components";
import { element, ListView } from "./elements";
import { keep, keptState, send, text } from "./host";
import { icon, type IconName } from "./icons";
import { QuestionView } from "./question-view";

/** As near to the end as counts as being there, in pixels. */
const nearEnd = 40;

export class Conversation {
  readonly root = element("main", { "aria-label": text("conversation"), tabindex: "0" });
  readonly #messages = element("div", { class: "messages" });
  readonly #promise = element("p");
  readonly #welcome = welcome(this.#promise);
  readonly #views = new ListView<ShownMessage, AnswerView | QuestionView>(this.#messages, ({ message }) =>
    message.role === "user" ? new QuestionView() : new AnswerView(),
  );
  #state: ViewState | undefined;
  #scrolledUp = keptState().scrolledUp;
  #top = 0;

  constructor() {
    this.root.append(this.#welcome, this.#messages);
    this.root.addEventListener("scroll", () => {
      const { scrollHeight, scrollTop, clientHeight } = this.root;
      const scrolledUp = Math.max(0, scrollHeight - scrollTop - clientHeight);
      // Of who was at the end and did not go up, it is the end that has moved, since the event was on its way.
      const followed = this.#scrolledUp <= nearEnd && scrollTop >= this.#top;
      this.#top = scrollTop;
      this.#scrolledUp = followed ? 0 : scrolledUp;
      if (followed && scrolledUp > 0) this.#toEnd();
      keep({ scrolledUp: this.#scrolledUp });
    });
    // Pictures, diagrams and the composer change heights late: the end stays in sight for who was there.
    const follow = new ResizeObserver(() => {
      if (this.#scrolledUp <= nearEnd) this.#toEnd();
    });
    follow.observe(this.#messages);
    follow.observe(this.root);
  }

  show(state: ViewState): void {
    const before = this.#state;
    this.#state = state;
    const last = state.messages.at(-1)?.id;
    this.#views.show(state.messages.map((message) => ({ id: message.id, message, last: message.id === last })));
    this.#welcome.hidden = state.messages.length > 0;
    this.#promise.textContent = state.server === null ? text("emptyText") : text("serverHint", state.server);
    const answer = last === undefined ? undefined : this.#views.get(last);
    if (state.stage !== null && answer instanceof AnswerView) answer.stage(state.stage);
    const asked = before !== undefined && before.messages.at(-1)?.id !== last;
    if (before === undefined) this.root.scrollTop = this.root.scrollHeight - this.root.clientHeight - this.#scrolledUp;
    else if (asked || before.chat !== state.chat) this.#toEnd();
  }

  append(message: string, more: string): void {
    const view = this.#views.get(message);
    if (view instanceof AnswerView) view.append(more);
  }

  stage(message: string, stage: NonNullable<ViewState["stage"]>): void {
    const view = this.#views.get(message);
    if (view instanceof AnswerView) view.stage(stage);
  }

  preview(message: string, preview: LatentPreview): void {
    const view = this.#views.get(message);
    if (view instanceof AnswerView) view.preview(preview);
  }

  editLast(): void {
    const question = this.#state?.messages.findLast(({ role }: ViewMessage) => role === "user");
    const view = question === undefined ? undefined : this.#views.get(question.id);
    if (view instanceof QuestionView) view.edit();
  }

  #toEnd(): void {
    this.#scrolledUp = 0;
    this.root.scrollTop = this.root.scrollHeight;
  }
}

function welcome(promise: HTMLElement): HTMLElement {
  const way = (name: IconName, label: string): HTMLElement => element("li", {}, icon(name), element("span", {}, label));
  const choose = button({
    label: text("attach"),
    look: "primary",
    act: () => {
      send({ kind: "attach-pick" });
    },
  });
  const ways = element(
    "ul",
    {},
    way("copy", text("emptyPaste")),
    way("image", text("emptyDrop")),
    way("selection", text("emptyMenu")),
  );
  const title = element("h2", {}, text("emptyTitle"));
  return element("div", { class: "welcome" }, title, promise, choose, ways);
}

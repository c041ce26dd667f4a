/** One message of the chat. */
import type { ViewMessage } from "../src/shared/view-protocol";
import { renderAnswer } from "./answer";
import { button, element } from "./components";
import { send, text } from "./host";
import { thumbnail } from "./image-view";

export interface MessageView {
  readonly root: HTMLElement;
  append(more: string): void;
  stage(label: string, fraction: number | null): void;
}

export function messageView(message: ViewMessage, last: boolean): MessageView {
  const name = text(message.role === "user" ? "you" : "answer");
  const root = element("article", { class: message.role, "aria-label": name });
  if (message.images.length > 0) {
    root.append(element("div", { class: "images" }, ...message.images.map((image) => thumbnail(image, false))));
  }
  const body = element("div", { class: "body" });
  root.append(body);
  let source = message.text;
  let planned = false;
  const draw = (): void => {
    planned = false;
    body.replaceChildren(
      message.role === "user"
        ? element("p", { class: "question" }, source)
        : renderAnswer(source, message.state !== "streaming"),
    );
  };
  draw();
  const progress = element("div", { class: "progress" });
  if (message.state === "streaming") root.append(progress);
  else root.append(...endings(message, last));
  return {
    root,
    append: (more) => {
      source += more;
      if (planned) return;
      planned = true;
      requestAnimationFrame(draw);
    },
    stage: (label, fraction) => {
      progress.textContent = fraction === null ? label : `${label} ${Math.round(fraction * 100)}%`;
    },
  };
}

function endings(message: ViewMessage, last: boolean): HTMLElement[] {
  if (message.role === "user") return [questionActions(message)];
  const parts: HTMLElement[] = message.notices.map((notice) => element("p", { class: "hint" }, notice));
  if (message.state === "stopped") parts.push(element("p", { class: "hint" }, text("stopped")));
  if (message.failure !== undefined) {
    const { message: what, advice } = message.failure;
    const log = button({
      label: text("showLog"),
      act: () => {
        send({ kind: "show-log" });
      },
    });
    parts.push(
      element("div", { class: "failure", role: "alert" }, element("p", {}, what), element("p", {}, advice), log),
    );
  }
  if (message.model?.starter === true) {
    const choose = element("button", { class: "link", type: "button" }, text("betterModel"));
    choose.addEventListener("click", () => {
      send({ kind: "choose-model" });
    });
    parts.push(element("p", { class: "hint starter" }, text("starter"), " ", choose));
  }
  const actions = element("div", { class: "actions" });
  if (message.text !== "") {
    actions.append(
      button({
        label: text("copy"),
        act: () => {
          send({ kind: "copy", text: message.text });
        },
      }),
      button({
        label: text("insert"),
        act: () => {
          send({ kind: "insert", text: message.text });
        },
      }),
    );
  }
  if (last)
    actions.append(
      button({
        label: text("retry"),
        act: () => {
          send({ kind: "retry" });
        },
      }),
    );
  return [...parts, actions];
}

function questionActions(message: ViewMessage): HTMLElement {
  const actions = element("div", { class: "actions" });
  const edit = button({
    label: text("edit"),
    act: () => {
      const field = element("textarea", { "aria-label": text("edit"), rows: "3" });
      field.value = message.text;
      const cancel = (): void => {
        field.replaceWith();
        actions.replaceChildren(edit);
      };
      const resend = (): void => {
        send({ kind: "edit", message: message.id, text: field.value });
      };
      actions.replaceChildren(
        field,
        button({ label: text("send"), look: "primary", act: resend }),
        button({ label: text("cancel"), act: cancel }),
      );
      field.focus();
    },
  });
  actions.append(edit);
  return actions;
}

/** A block of code: its language, colours and actions; Mermaid drawn in place. */
import DOMPurify from "dompurify";
import hljs from "highlight.js/lib/common";
import { button, showOnButton } from "./components";
import { copyButton } from "./copy-button";
import { element } from "./elements";
import { send, text } from "./host";

const mostHighlighted = 50_000;

export function codeBlock(pre: HTMLPreElement): HTMLElement {
  const code = pre.querySelector("code");
  const source = pre.textContent.replace(/\n$/, "");
  const language = /language-([\w+#.-]+)/.exec(code?.className ?? "")?.[1] ?? "";
  if (code !== null) highlight(code, source, language);
  pre.tabIndex = 0;
  pre.setAttribute("role", "region");
  pre.setAttribute("aria-label", language === "" ? text("code") : language);
  const actions = element(
    "div",
    { class: "actions" },
    copyButton(text("copy"), () => source),
    button({
      label: text("insert"),
      icon: "insert",
      act: () => {
        send({ kind: "insert", text: source });
      },
    }),
    button({
      label: text("newFile"),
      icon: "newFile",
      act: () => {
        send({ kind: "new-file", text: source, language });
      },
    }),
  );
  const head = element("div", { class: "head" }, element("span", { class: "language" }, language), actions);
  const frame = element("div", { class: "code" }, head, pre);
  if (language === "mermaid") void addDiagram(frame, pre, actions, source);
  return frame;
}

function highlight(code: HTMLElement, source: string, language: string): void {
  if (hljs.getLanguage(language) === undefined || source.length > mostHighlighted) return;
  const { value } = hljs.highlight(source, { language, ignoreIllegals: true });
  code.replaceChildren(
    DOMPurify.sanitize(value, { ALLOWED_TAGS: ["span"], ALLOWED_ATTR: ["class"], RETURN_DOM_FRAGMENT: true }),
  );
}

async function addDiagram(frame: HTMLElement, pre: HTMLElement, actions: HTMLElement, source: string): Promise<void> {
  const label = `${text("diagram")}: ${source.slice(0, 300)}`;
  const picture = element("div", { class: "diagram", role: "img", tabindex: "0", "aria-label": label });
  try {
    const { drawDiagram } = await import("./diagram");
    await drawDiagram(source, picture);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    frame.append(element("p", { class: "hint" }, text("diagramFailed", reason.split("\n")[0]?.slice(0, 200) ?? "")));
    return;
  }
  pre.before(picture);
  const toggle = button({
    label: text("diagramText"),
    icon: "text",
    act: () => {
      show(picture.hidden === true);
    },
  });
  const show = (asPicture: boolean): void => {
    picture.hidden = !asPicture;
    pre.hidden = asPicture;
    showOnButton(toggle, text(asPicture ? "diagramText" : "diagramPicture"), asPicture ? "text" : "diagram");
  };
  show(true);
  actions.prepend(toggle);
}

/** An answer: its Markdown with code blocks that have actions, formulas and diagrams. */
import { button, element } from "./components";
import { send, text } from "./host";
import { renderMarkdown } from "./markdown";

/** @param complete Whether the answer has ended: only then formulas and diagrams are drawn. */
export function renderAnswer(source: string, complete: boolean): DocumentFragment {
  const fragment = renderMarkdown(source);
  if (!complete) return fragment;
  for (const block of fragment.querySelectorAll("pre")) addCodeActions(block);
  const formulas = [...fragment.querySelectorAll<HTMLElement>("span.math")];
  if (formulas.length > 0) {
    void import("./math").then(({ drawMath }) => {
      formulas.forEach(drawMath);
    });
  }
  return fragment;
}

function addCodeActions(block: HTMLPreElement): void {
  const code = block.querySelector("code");
  const source = (code?.textContent ?? block.textContent).replace(/\n$/, "");
  const language = /language-([\w+-]+)/.exec(code?.className ?? "")?.[1] ?? "";
  block.tabIndex = 0;
  const actions = element(
    "div",
    { class: "actions" },
    button({
      label: text("copy"),
      look: "secondary",
      act: () => {
        send({ kind: "copy", text: source });
      },
    }),
    button({
      label: text("insert"),
      look: "secondary",
      act: () => {
        send({ kind: "insert", text: source });
      },
    }),
    button({
      label: text("newFile"),
      act: () => {
        send({ kind: "new-file", text: source, language });
      },
    }),
  );
  const frame = element("div", { class: "code" });
  block.replaceWith(frame);
  frame.append(block, actions);
  if (language === "mermaid") void addDiagram(frame, block, actions, source);
}

async function addDiagram(frame: HTMLElement, block: HTMLElement, actions: HTMLElement, source: string): Promise<void> {
  try {
    const { drawDiagram } = await import("./diagram");
    const picture = element("div", { class: "diagram", role: "img", "aria-label": source.slice(0, 300) });
    picture.append(await drawDiagram(source));
    frame.prepend(picture);
    block.hidden = true;
    const toggle = button({
      label: text("diagramText"),
      act: () => {
        block.hidden = !block.hidden;
        picture.hidden = !picture.hidden;
        const label = text(block.hidden ? "diagramText" : "diagramPicture");
        toggle.textContent = toggle.title = label;
        toggle.setAttribute("aria-label", label);
      },
    });
    actions.prepend(toggle);
  } catch (error) {
    frame.append(element("p", { class: "hint" }, error instanceof Error ? error.message.slice(0, 300) : String(error)));
  }
}

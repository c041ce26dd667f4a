/** What a finished block of an answer gets: code its colours and actions, tables a frame, formulas and diagrams drawn. */
import { codeBlock } from "./code-block";
import { element } from "./elements";
import { text } from "./host";

export function dressBlock(block: Element): Element {
  const holder = element("div", {}, block);
  for (const pre of holder.querySelectorAll("pre")) {
    const place = element("span");
    pre.replaceWith(place);
    place.replaceWith(codeBlock(pre));
  }
  for (const table of holder.querySelectorAll("table")) {
    const frame = element("div", { class: "table", tabindex: "0", role: "region", "aria-label": text("table") });
    table.replaceWith(frame);
    frame.append(table);
  }
  const formulas = [...holder.querySelectorAll<HTMLElement>("span.math")];
  if (formulas.length > 0) {
    void import("./math").then(({ drawMath }) => {
      formulas.forEach(drawMath);
    });
  }
  return holder.firstElementChild ?? holder;
}

/** A picture that the model drew, with what can be done with it. */
import type { ViewImage } from "../src/shared/view-protocol";
import { button } from "./components";
import { element, type View } from "./elements";
import { enlarge } from "./enlarged-image";
import { send, text } from "./host";

export function drawnPicture(image: ViewImage): View<ViewImage> {
  const { id, drawing } = image;
  const label = drawing?.prompt ?? image.name;
  const picture = element("img", { src: image.source, alt: label, draggable: "false" });
  const open = element("button", { class: "picture", type: "button", "aria-label": text("enlarge", label) }, picture);
  open.addEventListener("click", () => {
    enlarge(image);
  });
  const caption = element("figcaption", {}, element("span", { class: "prompt" }, label));
  if (drawing !== undefined) {
    const { width, height, seed, model, embedded } = drawing;
    caption.append(element("span", { class: "hint" }, text("drawnBy", width, height, seed, model)));
    if (embedded) caption.append(element("span", { class: "hint" }, text("embedded")));
  }
  const actions = element(
    "div",
    { class: "choices" },
    button({
      label: text("savePicture"),
      act: () => {
        send({ kind: "save-picture", image: id });
      },
    }),
    button({
      label: text("sameAgain"),
      act: () => {
        send({ kind: "same-again", image: id });
      },
    }),
  );
  // A drawn picture never changes.
  return { root: element("figure", { class: "drawn" }, open, caption, actions), update: () => undefined };
}

/** A small picture with its name and what was read in it. */
import type { ViewImage } from "../src/shared/view-protocol";
import { button } from "./components";
import { element, type View } from "./elements";
import { enlarge } from "./enlarged-image";
import { send, text } from "./host";
import { icon } from "./icons";

export function thumbnail({ removable }: { readonly removable: boolean }): View<ViewImage> {
  const picture = element("img", { decoding: "async", draggable: "false" });
  const open = element("button", { class: "thumbnail", type: "button" }, picture);
  const name = element("span", { class: "name" });
  const reading = element("span", { class: "reading" });
  const root = element("figure", {}, open, element("figcaption", {}, name, reading));
  let shown: ViewImage | undefined;
  open.addEventListener("click", () => {
    if (shown !== undefined) enlarge(shown);
  });
  picture.addEventListener("error", () => {
    // TIFF, or a damaged file: the engine may read it or say what is wrong with it.
    open.replaceChildren(icon("image"));
    open.disabled = true;
    open.title = text("notShown", shown?.name ?? "");
  });
  if (removable) {
    const remove = button({
      label: "",
      icon: "close",
      act: () => {
        if (shown !== undefined) send({ kind: "detach", image: shown.id });
      },
    });
    remove.classList.add("remove");
    root.append(remove);
  }
  return {
    root,
    update: (image) => {
      if (image.id !== shown?.id) {
        const label = image.crop === undefined ? image.name : text("partOf", image.name);
        picture.src = image.source;
        picture.alt = label;
        open.setAttribute("aria-label", text("enlarge", label));
        name.textContent = name.title = label;
        const remove = root.querySelector<HTMLElement>(".remove");
        if (remove !== null) {
          remove.title = text("remove", label);
          remove.setAttribute("aria-label", remove.title);
        }
        // Shows the part without another copy of the pixels.
        const { left, top, width, height } = image.crop ?? { left: 0, top: 0, width: 0, height: 0 };
        picture.style.setProperty(
          "object-view-box",
          image.crop === undefined ? "none" : `xywh(${left}px ${top}px ${width}px ${height}px)`,
        );
      }
      reading.textContent = image.reading === undefined ? "" : readingText(image.reading);
      shown = image;
    },
  };
}

function readingText({ lines, visualTokens }: NonNullable<ViewImage["reading"]>): string {
  if (visualTokens === null) {
    if (lines === 0) return text("readTextNone");
    return lines === 1 ? text("readTextOne") : text("readText", lines);
  }
  if (lines === 0) return text("readNone", visualTokens);
  return lines === 1 ? text("readOne", visualTokens) : text("read", lines, visualTokens);
}

/** Thumbnails, and the enlarged picture over which a part can be dragged. */
import type { Rectangle } from "../src/shared/protocol";
import type { ViewImage } from "../src/shared/view-protocol";
import { button, element } from "./components";
import { send, text } from "./host";

export function thumbnail(image: ViewImage, removable: boolean): HTMLElement {
  const picture = element("img", { src: image.source, alt: image.name });
  const open = element(
    "button",
    { class: "thumbnail", type: "button", "aria-label": text("zoom", image.name) },
    picture,
  );
  open.addEventListener("click", () => {
    enlarge(image);
  });
  if (image.crop !== undefined) cutTo(picture, image.crop);
  const name = image.crop === undefined ? image.name : text("part", image.name);
  const caption = element("figcaption", {}, element("span", { class: "name", title: name }, name));
  if (image.reading !== undefined) {
    const { lines, visualTokens } = image.reading;
    caption.append(
      element(
        "span",
        { class: "reading" },
        visualTokens === null ? text("readText", lines) : text("read", lines, visualTokens),
      ),
    );
  }
  const figure = element("figure", {}, open, caption);
  if (removable) {
    const label = `${text("remove")} ${image.name}`;
    figure.append(
      button({
        label,
        look: "icon",
        symbol: "✕",
        act: () => {
          send({ kind: "detach", image: image.id });
        },
      }),
    );
  }
  return figure;
}

/** Shows a part only, without another copy of the pixels. */
function cutTo(picture: HTMLImageElement, { left, top, width, height }: Rectangle): void {
  picture.addEventListener("load", () => {
    const { naturalWidth, naturalHeight } = picture;
    picture.style.objectFit = "none";
    picture.style.width = `${naturalWidth}px`;
    picture.style.maxWidth = picture.style.maxHeight = "none";
    const scale = Math.min(72 / width, 72 / height);
    picture.style.clipPath = `inset(${top}px ${naturalWidth - left - width}px ${naturalHeight - top - height}px ${left}px)`;
    picture.style.position = "absolute";
    picture.style.transformOrigin = "0 0";
    picture.style.height = `${naturalHeight}px`;
    picture.style.transform = `scale(${scale}) translate(${-left}px, ${-top}px)`;
    picture.style.left = picture.style.top = "0";
  });
}

function enlarge(image: ViewImage): void {
  const picture = element("img", { src: image.source, alt: image.name, draggable: "false" });
  const frame = element("div", { class: "frame" });
  const stage = element("div", { class: "stage" }, picture, frame);
  let part: Rectangle | undefined;
  const close = (): void => {
    dialog.close();
  };
  const use = button({
    label: text("usePart"),
    look: "primary",
    act: () => {
      if (part !== undefined) send({ kind: "crop", image: image.id, rectangle: part });
      close();
    },
  });
  use.hidden = true;
  const bar = element("div", { class: "bar" }, use, button({ label: text("close"), act: close }));
  const dialog = element(
    "dialog",
    { "aria-label": image.name },
    element("p", { class: "hint" }, text("crop")),
    stage,
    bar,
  );
  dialog.addEventListener("close", () => {
    dialog.remove();
  });
  document.body.append(dialog);
  dialog.showModal();
  let from: { x: number; y: number } | undefined;
  stage.addEventListener("pointerdown", (event) => {
    from = { x: event.clientX, y: event.clientY };
    stage.setPointerCapture(event.pointerId);
  });
  stage.addEventListener("pointermove", (event) => {
    if (from === undefined) return;
    part = selectedPart(picture, from, { x: event.clientX, y: event.clientY }, frame);
    use.hidden = part === undefined;
  });
  stage.addEventListener("pointerup", () => {
    from = undefined;
  });
}

interface Point {
  readonly x: number;
  readonly y: number;
}

/** Draws the dragged frame; gives it in pixels of the original, or undefined while it is too small to mean anything. */
function selectedPart(picture: HTMLImageElement, from: Point, to: Point, frame: HTMLElement): Rectangle | undefined {
  const box = picture.getBoundingClientRect();
  const within = (value: number, most: number): number => Math.min(Math.max(value, 0), most);
  const left = within(Math.min(from.x, to.x) - box.left, box.width);
  const right = within(Math.max(from.x, to.x) - box.left, box.width);
  const top = within(Math.min(from.y, to.y) - box.top, box.height);
  const bottom = within(Math.max(from.y, to.y) - box.top, box.height);
  Object.assign(frame.style, {
    left: `${left}px`,
    top: `${top}px`,
    width: `${right - left}px`,
    height: `${bottom - top}px`,
    display: "block",
  });
  if (right - left < 4 || bottom - top < 4) return undefined;
  const scale = picture.naturalWidth / box.width;
  const x = Math.floor(left * scale);
  const y = Math.floor(top * scale);
  return {
    left: x,
    top: y,
    width: Math.min(Math.ceil((right - left) * scale), picture.naturalWidth - x),
    height: Math.min(Math.ceil((bottom - top) * scale), picture.naturalHeight - y),
  };
}

/** The enlarged picture: zoom, and a part of it chosen by mouse, pen, finger or keys. */
import type { Rectangle } from "../src/shared/protocol";
import type { ViewImage } from "../src/shared/view-protocol";
import { button } from "./components";
import { element } from "./elements";
import { send, text } from "./host";
import { middlePart, movedPart, partBetween, type Point, resizedPart, type Size } from "./part";

const zooms = [1, 1.5, 2, 3, 4, 6, 8, 12, 16] as const;
/** Steps of the arrow keys, as shares of the picture. */
const keySteps = 50;

const directions: Readonly<Record<string, Point>> = {
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
  ArrowUp: { x: 0, y: -1 },
  ArrowDown: { x: 0, y: 1 },
};

export function enlarge(image: ViewImage): void {
  const picture = element("img", { src: image.source, alt: image.name, draggable: "false" });
  const frame = element("div", { class: "frame" });
  const canvas = element("div", { class: "canvas" }, picture, frame);
  const label = text("picture", image.name);
  const stage = element("div", { class: "stage", tabindex: "0", role: "application", "aria-label": label }, canvas);
  const readout = element("output", { class: "hint", "aria-live": "polite" }, text("partHint"));
  let part = image.crop;
  let zoom = 0;

  const size = (): Size => ({ width: picture.naturalWidth, height: picture.naturalHeight });
  const showPart = (next: Rectangle | undefined): void => {
    part = next;
    frame.hidden = use.hidden = next === undefined;
    const { left, top, width, height } = next ?? { left: 0, top: 0, width: 0, height: 0 };
    readout.textContent = next === undefined ? text("partHint") : text("partSize", width, height, left, top);
    const natural = size();
    const share = (value: number, whole: number): string => `${(value / Math.max(whole, 1)) * 100}%`;
    Object.assign(frame.style, {
      left: share(left, natural.width),
      top: share(top, natural.height),
      width: share(width, natural.width),
      height: share(height, natural.height),
    });
  };
  const showZoom = (next: number): void => {
    zoom = Math.min(Math.max(next, 0), zooms.length - 1);
    canvas.style.setProperty("--zoom", String(zooms[zoom] ?? 1));
  };

  const use = button({
    label: text("usePart"),
    look: "primary",
    act: () => {
      if (part !== undefined) send({ kind: "crop", image: image.id, part: { ...part, of: size() } });
      dialog.close();
    },
  });
  const whole = button({
    label: text("useWhole"),
    act: () => {
      send({ kind: "use-whole", image: image.id });
      dialog.close();
    },
  });
  whole.hidden = image.crop === undefined;
  const tools = element(
    "div",
    { class: "head" },
    element("strong", { class: "name", title: image.name }, image.name),
    button({
      label: text("zoomOut"),
      icon: "zoomOut",
      act: () => {
        showZoom(zoom - 1);
      },
    }),
    button({
      label: text("zoomIn"),
      icon: "zoomIn",
      act: () => {
        showZoom(zoom + 1);
      },
    }),
    button({
      label: text("close"),
      icon: "close",
      act: () => {
        dialog.close();
      },
    }),
  );
  const dialog = element(
    "dialog",
    { "aria-label": image.name },
    tools,
    stage,
    element("div", { class: "choices" }, readout, element("div", { class: "choices" }, whole, use)),
  );
  dialog.addEventListener("close", () => {
    dialog.remove();
  });

  let from: Point | undefined;
  const place = ({ clientX, clientY }: PointerEvent): Point => {
    const box = picture.getBoundingClientRect();
    const scale = picture.naturalWidth / box.width;
    return { x: (clientX - box.left) * scale, y: (clientY - box.top) * scale };
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    from = place(event);
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (from !== undefined) showPart(partBetween(from, place(event), size()));
  });
  canvas.addEventListener("pointerup", () => {
    from = undefined;
  });
  stage.addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    showZoom(zoom + (event.deltaY < 0 ? 1 : -1));
  });
  stage.addEventListener("keydown", (event) => {
    const direction = directions[event.key];
    if (event.key === "+" || event.key === "-") showZoom(zoom + (event.key === "+" ? 1 : -1));
    else if (event.key === "Enter" && part !== undefined) use.click();
    else if (direction !== undefined) {
      const natural = size();
      const step = {
        x: direction.x * Math.max(1, Math.round(natural.width / keySteps)),
        y: direction.y * Math.max(1, Math.round(natural.height / keySteps)),
      };
      if (part === undefined) showPart(middlePart(natural));
      else showPart((event.shiftKey ? resizedPart : movedPart)(part, step, natural));
    } else return;
    event.preventDefault();
  });

  picture.addEventListener("load", () => {
    canvas.style.setProperty("--ratio", String(picture.naturalWidth / picture.naturalHeight));
    canvas.style.setProperty("--natural", `${picture.naturalWidth}px`);
    showPart(image.crop);
  });
  showPart(undefined);
  document.body.append(dialog);
  dialog.showModal();
  stage.focus();
}

/** VS Code's own icons (Codicons, CC BY 4.0, Microsoft), as parts of the page that take the colour of their text. */
import add from "@vscode/codicons/src/icons/add.svg";
import arrowLeft from "@vscode/codicons/src/icons/arrow-left.svg";
import attach from "@vscode/codicons/src/icons/attach.svg";
import check from "@vscode/codicons/src/icons/check.svg";
import close from "@vscode/codicons/src/icons/close.svg";
import copy from "@vscode/codicons/src/icons/copy.svg";
import edit from "@vscode/codicons/src/icons/edit.svg";
import error from "@vscode/codicons/src/icons/error.svg";
import file from "@vscode/codicons/src/icons/file.svg";
import image from "@vscode/codicons/src/icons/file-media.svg";
import diagram from "@vscode/codicons/src/icons/type-hierarchy.svg";
import insert from "@vscode/codicons/src/icons/insert.svg";
import newFile from "@vscode/codicons/src/icons/new-file.svg";
import retry from "@vscode/codicons/src/icons/refresh.svg";
import exported from "@vscode/codicons/src/icons/export.svg";
import selection from "@vscode/codicons/src/icons/list-selection.svg";
import send from "@vscode/codicons/src/icons/send.svg";
import stop from "@vscode/codicons/src/icons/debug-stop.svg";
import text from "@vscode/codicons/src/icons/code.svg";
import trash from "@vscode/codicons/src/icons/trash.svg";
import warning from "@vscode/codicons/src/icons/warning.svg";
import zoomIn from "@vscode/codicons/src/icons/zoom-in.svg";
import zoomOut from "@vscode/codicons/src/icons/zoom-out.svg";

const sources = {
  add,
  arrowLeft,
  attach,
  check,
  close,
  copy,
  diagram,
  edit,
  error,
  exported,
  file,
  image,
  insert,
  newFile,
  retry,
  selection,
  send,
  stop,
  text,
  trash,
  warning,
  zoomIn,
  zoomOut,
} as const;

export type IconName = keyof typeof sources;

const parsed = new Map<IconName, Element>();

/** For the eye alone: what it stands for is said by the label of what it is in. */
export function icon(name: IconName): Element {
  let made = parsed.get(name);
  if (made === undefined) {
    made = new DOMParser().parseFromString(sources[name], "image/svg+xml").documentElement;
    made.setAttribute("aria-hidden", "true");
    made.classList.add("icon");
    parsed.set(name, made);
  }
  return made.cloneNode(true) as Element;
}

/** A button that copies a text and says so. */
import { button, showOnButton } from "./components";
import { send, text } from "./host";

const shownMilliseconds = 1500;

export function copyButton(label: string, source: () => string): HTMLElement {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const made = button({
    label,
    icon: "copy",
    act: () => {
      send({ kind: "copy", text: source() });
      showOnButton(made, text("copied"), "check");
      clearTimeout(timer);
      timer = setTimeout(() => {
        showOnButton(made, label, "copy");
      }, shownMilliseconds);
    },
  });
  return made;
}

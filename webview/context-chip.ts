/** A piece of the workspace that goes with a question. */
import type { ContextKind, ViewContext } from "../src/shared/view-protocol";
import { button } from "./components";
import { element } from "./elements";
import { text } from "./host";
import { icon, type IconName } from "./icons";

const icons: Readonly<Record<ContextKind, IconName>> = { selection: "selection", file: "file", diagnostics: "warning" };

export function contextChip({ kind, label }: ViewContext, remove?: () => void): HTMLElement {
  const chip = element("span", { class: "chip", title: label }, icon(icons[kind]), element("span", {}, label));
  if (remove !== undefined) chip.append(button({ label: text("remove", label), icon: "close", act: remove }));
  return chip;
}

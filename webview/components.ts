/** The one place that knows the component library (`@vscode/webview-ui-toolkit`, deprecated upstream). */
import { provideVSCodeDesignSystem, vsCodeButton } from "@vscode/webview-ui-toolkit";

provideVSCodeDesignSystem().register(vsCodeButton());

export interface ButtonOptions {
  readonly label: string;
  readonly act: () => void;
  readonly look?: "primary" | "secondary" | "icon";
  /** Stands for the label, which is then read aloud only. */
  readonly symbol?: string;
}

export function button({ label, act, look = "secondary", symbol }: ButtonOptions): HTMLElement {
  const made = document.createElement("vscode-button");
  made.setAttribute("appearance", look);
  made.setAttribute("aria-label", label);
  made.title = label;
  made.textContent = symbol ?? label;
  made.addEventListener("click", act);
  return made;
}

/** An element with a class, attributes and children. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, string>> = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

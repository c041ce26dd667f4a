/** The one place that knows the component library (`@vscode/webview-ui-toolkit`, deprecated upstream). */
import {
  provideVSCodeDesignSystem,
  vsCodeBadge,
  vsCodeButton,
  vsCodeProgressRing,
  vsCodeTag,
  vsCodeTextField,
} from "@vscode/webview-ui-toolkit";
import { element } from "./elements";
import { icon, type IconName } from "./icons";

provideVSCodeDesignSystem().register(
  vsCodeBadge(),
  vsCodeButton(),
  vsCodeProgressRing(),
  vsCodeTag(),
  vsCodeTextField(),
);

export interface ButtonOptions {
  readonly label: string;
  readonly act: () => void;
  readonly look?: "primary" | "secondary";
  /** Stands for the label, which is then a tooltip and read aloud. */
  readonly icon?: IconName;
}

export function button({ label, act, look, icon: name }: ButtonOptions): HTMLElement {
  const made = document.createElement("vscode-button");
  made.setAttribute("appearance", look ?? (name === undefined ? "secondary" : "icon"));
  made.addEventListener("click", act);
  if (name === undefined) made.textContent = label;
  else showOnButton(made, label, name);
  return made;
}

/** Gives a button with an icon another one, and another meaning. */
export function showOnButton(made: HTMLElement, label: string, name: IconName): void {
  made.title = label;
  made.setAttribute("aria-label", label);
  made.replaceChildren(icon(name));
}

/** A short word that stands out calmly; its tooltip tells more. */
export function tag(word: string, more: string): HTMLElement {
  const made = document.createElement("vscode-tag");
  made.textContent = word;
  made.title = more;
  return made;
}

/** Turns while something is being waited for. */
export function progressRing(): HTMLElement {
  const made = document.createElement("vscode-progress-ring");
  made.setAttribute("aria-hidden", "true");
  return made;
}

export interface SearchField {
  readonly root: HTMLElement;
  readonly value: string;
}

export function searchField(label: string, changed: (value: string) => void): SearchField {
  const made = document.createElement("vscode-text-field") as HTMLElement & { value: string };
  made.setAttribute("placeholder", label);
  // The toolkit makes this the label of the field inside, in place of any other.
  made.textContent = label;
  made.addEventListener("input", () => {
    changed(made.value);
  });
  return {
    root: made,
    get value() {
      return made.value;
    },
  };
}

/** A button that reads like a link. */
export function textButton(
  label: string,
  act: () => void,
  attributes: Readonly<Record<string, string>> = {},
): HTMLElement {
  const made = element("button", { class: "text-button", type: "button", ...attributes }, label);
  made.addEventListener("click", act);
  return made;
}

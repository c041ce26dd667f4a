/** Formulas drawn in place by KaTeX; loaded with the first formula. */
import katex from "katex";

export function drawMath(place: HTMLElement): void {
  katex.render(place.textContent, place, {
    displayMode: place.dataset["display"] === "true",
    throwOnError: false,
    errorColor: "var(--vscode-errorForeground)",
    trust: false,
    maxSize: 20,
    maxExpand: 200,
  });
}

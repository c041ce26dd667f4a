/** Mermaid diagrams drawn in place; loaded with the first diagram. */
import DOMPurify from "dompurify";
import mermaid from "mermaid";

let drawn = 0;

/** @throws Error when the text is no diagram. */
export async function drawDiagram(source: string): Promise<Node> {
  const dark = !/vscode-(light|high-contrast-light)/.test(document.body.className);
  mermaid.initialize({
    startOnLoad: false,
    securityLevel: "strict",
    theme: dark ? "dark" : "default",
    htmlLabels: false,
    maxTextSize: 20_000,
    suppressErrorRendering: true,
  });
  const { svg } = await mermaid.render(`diagram-${drawn++}`, source);
  return DOMPurify.sanitize(svg, {
    USE_PROFILES: { svg: true, svgFilters: true },
    ADD_TAGS: ["style"],
    FORBID_TAGS: ["a", "image", "use"],
    RETURN_DOM_FRAGMENT: true,
  });
}

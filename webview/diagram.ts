/** Mermaid diagrams drawn in place; loaded with the first diagram. */
import DOMPurify from "dompurify";
import mermaid from "mermaid";

let drawn = 0;

/**
 * Draws into a shadow tree of its own: the styles that come with a diagram reach nothing else of the page.
 *
 * @throws Error when the text is no diagram.
 */
export async function drawDiagram(source: string, place: HTMLElement): Promise<void> {
  const dark = !/vscode-(light|high-contrast-light)/.test(document.body.className);
  mermaid.initialize({
    startOnLoad: false,
    securityLevel: "strict",
    theme: dark ? "dark" : "default",
    htmlLabels: false,
    maxTextSize: 20_000,
    maxEdges: 500,
    suppressErrorRendering: true,
    // What the text of a diagram may not set for itself.
    secure: [
      "secure",
      "securityLevel",
      "startOnLoad",
      "maxTextSize",
      "maxEdges",
      "themeCSS",
      "fontFamily",
      "htmlLabels",
    ],
  });
  const { svg } = await mermaid.render(`diagram-${drawn++}`, source);
  const clean = DOMPurify.sanitize(svg, {
    USE_PROFILES: { svg: true, svgFilters: true },
    ADD_TAGS: ["style"],
    FORBID_TAGS: ["a", "image", "use"],
    RETURN_DOM_FRAGMENT: true,
  });
  place.attachShadow({ mode: "open" }).append(clean);
}

/** Mermaid diagrams drawn in place; loaded with the first diagram. */
import DOMPurify from "dompurify";
import mermaid from "mermaid";

let drawn = 0;

/** Smaller than this share of its natural size the text of a diagram cannot be read: then it is scrolled. */
const leastScale = 0.65;

/** What stands in the places that hold a diagram. */
const sources = new WeakMap<Element, string>();

/**
 * Draws into a shadow tree of its own: the styles that come with a diagram reach nothing else of the page.
 *
 * @throws Error when the text is no diagram.
 */
export async function drawDiagram(source: string, place: HTMLElement): Promise<void> {
  const picture = await draw(source);
  (place.shadowRoot ?? place.attachShadow({ mode: "open" })).replaceChildren(picture);
  sources.set(place, source);
}

// Another theme: what was drawn in the colours of the one before may not be seen on its ground.
new MutationObserver(() => {
  for (const place of document.querySelectorAll<HTMLElement>(".diagram")) {
    const source = sources.get(place);
    if (source !== undefined) void drawDiagram(source, place);
  }
}).observe(document.body, { attributeFilter: ["data-vscode-theme-id"] });

async function draw(source: string): Promise<DocumentFragment> {
  mermaid.initialize({
    startOnLoad: false,
    securityLevel: "strict",
    ...look(),
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
  const picture = clean.querySelector("svg");
  if (picture !== null) picture.style.minWidth = `${picture.viewBox.baseVal.width * leastScale}px`;
  return clean;
}

/** Mermaid's own colours; in high contrast those of VS Code, with lines for shades. */
function look(): { readonly theme: "base" | "dark" | "default"; readonly themeVariables?: Record<string, string> } {
  const { classList } = document.body;
  const dark = !classList.contains("vscode-light") && !classList.contains("vscode-high-contrast-light");
  if (!classList.contains("vscode-high-contrast")) return { theme: dark ? "dark" : "default" };
  const colour = (name: string, otherwise: string): string =>
    getComputedStyle(document.body).getPropertyValue(`--vscode-${name}`).trim() || otherwise;
  const ground = colour("editor-background", dark ? "#000000" : "#ffffff");
  const text = colour("foreground", dark ? "#ffffff" : "#000000");
  const line = colour("contrastBorder", text);
  return {
    theme: "base",
    themeVariables: {
      background: ground,
      primaryColor: ground,
      primaryTextColor: text,
      primaryBorderColor: line,
      secondaryColor: ground,
      secondaryTextColor: text,
      secondaryBorderColor: line,
      tertiaryColor: ground,
      tertiaryTextColor: text,
      tertiaryBorderColor: line,
      lineColor: text,
      textColor: text,
      edgeLabelBackground: ground,
      noteBkgColor: ground,
      noteTextColor: text,
      noteBorderColor: line,
    },
  };
}

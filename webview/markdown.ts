/**
 * Markdown of an answer as inert HTML.
 *
 * An answer can repeat text from an image that anyone may have written: no HTML, no images, no address that a click
 * would follow by itself. Links keep their target in `data-target`; the host asks before it opens one.
 */
import DOMPurify from "dompurify";
import MarkdownIt from "markdown-it";
import { linkRules } from "./link-rules";
import { mathRule } from "./math-rule";

const markdown = new MarkdownIt({ html: false, linkify: false });

markdown.use(mathRule);
markdown.use(linkRules);
markdown.renderer.rules["image"] = (tokens, index) => {
  const token = tokens[index];
  return markdown.utils.escapeHtml(`[${token?.content ?? ""}] (${String(token?.attrGet("src") ?? "")})`);
};

const allowed = {
  ALLOWED_TAGS: [
    ...["a", "b", "blockquote", "br", "code", "del", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "li", "ol"],
    ...["p", "pre", "s", "span", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul"],
  ],
  ALLOWED_ATTR: ["class", "data-display", "data-target", "role", "start", "tabindex", "title"],
};

export const renderMarkdown = (source: string): DocumentFragment =>
  DOMPurify.sanitize(markdown.render(source), { ...allowed, RETURN_DOM_FRAGMENT: true });

/**
 * Links of Markdown: only web addresses and places in the workspace can be opened, and each shows its real target.
 *
 * Places that an answer names without a link (`src/parser.ts:12`) become links too.
 */
import type { MarkdownIt, Token } from "markdown-it";

const place = /(?<![\w./\\-])(?:\.?\w[\w.-]*[/\\])*[\w-][\w.-]*\.[A-Za-z]\w{0,7}:\d+(?::\d+)?(?![\w/])/g;
const webAddress = /^https?:\/\//i;
const relativePath = /^(?![a-z][a-z\d+.-]*:(?!\d))(?!\/)(?!.*(?:^|\/)\.\.(?:\/|$))[^?#]+$/i;

export function linkRules(markdown: MarkdownIt): void {
  // Every target is taken as it is written, to be shown; what may be opened is decided below.
  markdown.validateLink = () => true;
  markdown.core.ruler.push("places", (state) => {
    for (const token of state.tokens) {
      if (token.children !== null) token.children = token.children.flatMap(splitPlaces(insideLink(token.children)));
    }
  });
  markdown.renderer.rules["link_open"] = (tokens, index) => {
    const target = targetOf(tokens[index]);
    if (!canOpen(target)) return "";
    const escaped = markdown.utils.escapeHtml(target);
    return `<a role="link" tabindex="0" data-target="${escaped}" title="${escaped}">`;
  };
  markdown.renderer.rules["link_close"] = (tokens, index) => {
    const open = openingOf(tokens, index);
    const target = targetOf(tokens[open]);
    const shown = tokens
      .slice(open + 1, index)
      .map(({ content }) => content)
      .join("");
    const end = canOpen(target) ? "</a>" : "";
    return shown === target ? end : `${end} <span class="target">(${markdown.utils.escapeHtml(target)})</span>`;
  };
  markdown.renderer.rules["place"] = (tokens, index) => {
    const target = markdown.utils.escapeHtml(tokens[index]?.content ?? "");
    const name = tokens[index]?.markup === "code" ? `<code>${target}</code>` : target;
    return `<a role="link" tabindex="0" data-target="${target}" title="${target}">${name}</a>`;
  };
}

const targetOf = (token: Token | undefined): string => String(token?.attrGet("href") ?? "");

const canOpen = (target: string): boolean => webAddress.test(target) || relativePath.test(target);

function openingOf(tokens: readonly Token[], close: number): number {
  for (let index = close - 1, depth = 1; index >= 0; index--) {
    depth += tokens[index]?.type === "link_close" ? 1 : tokens[index]?.type === "link_open" ? -1 : 0;
    if (depth === 0) return index;
  }
  return 0;
}

function insideLink(tokens: readonly Token[]): ReadonlySet<Token> {
  let depth = 0;
  return new Set(
    tokens.filter(({ type }) => {
      depth += type === "link_open" ? 1 : type === "link_close" ? -1 : 0;
      return depth > 0;
    }),
  );
}

/** Text with places in it becomes text, places, text; code that is a place becomes a place. */
const splitPlaces =
  (inside: ReadonlySet<Token>) =>
  (token: Token): Token[] => {
    if (inside.has(token) || (token.type !== "text" && token.type !== "code_inline")) return [token];
    const make = (type: string, content: string, markup = ""): Token =>
      Object.assign(Object.create(Object.getPrototypeOf(token) as object) as Token, token, { type, content, markup });
    const found = [...token.content.matchAll(place)];
    if (token.type === "code_inline") {
      return found[0]?.[0] === token.content ? [make("place", token.content, "code")] : [token];
    }
    const parts: Token[] = [];
    let end = 0;
    for (const { 0: target, index } of found) {
      if (index > end) parts.push(make("text", token.content.slice(end, index)));
      parts.push(make("place", target));
      end = index + target.length;
    }
    if (end === 0) return [token];
    if (end < token.content.length) parts.push(make("text", token.content.slice(end)));
    return parts;
  };

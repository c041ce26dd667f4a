/** Finds formulas (`$…$`, `$$…$$`, `\(…\)`, `\[…\]`) in Markdown, before its own escapes are read. */
import type { MarkdownIt } from "markdown-it";

const pairs = [
  { open: "$$", close: "$$", display: true },
  { open: "\\[", close: "\\]", display: true },
  { open: "\\(", close: "\\)", display: false },
  { open: "$", close: "$", display: false },
] as const;

export function mathRule(markdown: MarkdownIt): void {
  markdown.inline.ruler.before("escape", "math", (state, silent) => {
    const pair = pairs.find(({ open }) => state.src.startsWith(open, state.pos));
    if (pair === undefined) return false;
    const start = state.pos + pair.open.length;
    const end = state.src.indexOf(pair.close, start);
    if (end <= start || end >= state.posMax) return false;
    const formula = state.src.slice(start, end);
    // Prices are no formulas: a single dollar needs its text close by, and no digit after it.
    if (pair.open === "$" && (/^\s|\s$/.test(formula) || /\d/.test(state.src[end + 1] ?? ""))) return false;
    if (!silent) {
      const token = state.push("math", "span", 0);
      token.content = formula;
      token.meta = { display: pair.display };
    }
    state.pos = end + pair.close.length;
    return true;
  });
  markdown.renderer.rules["math"] = (tokens, index) => {
    const token = tokens[index];
    const formula = markdown.utils.escapeHtml(token?.content ?? "");
    return `<span class="math" data-display="${String(token?.meta?.["display"] === true)}">${formula}</span>`;
  };
}

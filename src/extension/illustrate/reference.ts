/** References to a saved picture as documents write them. Paths are those of URIs: `/` between parts, decoded. */

const markup = ["html", "javascriptreact", "typescriptreact", "vue", "svelte", "handlebars", "php", "astro"];

/** Whether documents of this language can refer to a picture. */
export const takesReference = (languageId: string): boolean =>
  languageId === "markdown" || languageId === "mdx" || markup.includes(languageId);

export interface ReferencedPicture {
  /** Relative to the document, not encoded. */
  readonly path: string;
  readonly alt: string;
  readonly width: number;
  readonly height: number;
}

/** `![alt](path)` for Markdown, `<img>` for the languages of markup. */
export function referenceText(languageId: string, { path, alt, width, height }: ReferencedPicture): string {
  const address = encodeAddress(path);
  const text = alt.replace(/\s+/g, " ").trim();
  if (!markup.includes(languageId)) return `![${escapeMarkdown(text)}](${address})`;
  const end = languageId === "html" ? ">" : " />";
  return `<img src="${escapeAttribute(address)}" alt="${escapeAttribute(text)}" width="${width}" height="${height}"${end}`;
}

/** The way from a document to a file beside, below or above it. */
export function relativePath(document: string, file: string): string {
  const from = document.split("/").slice(0, -1);
  const to = file.split("/");
  let same = 0;
  while (same < from.length && same < to.length - 1 && from[same] === to[same]) same++;
  return [...from.slice(same).map(() => ".."), ...to.slice(same)].join("/");
}

/** Letters of every script stay readable; parentheses would end a Markdown address, a colon would make a scheme. */
const encodeAddress = (path: string): string =>
  path.replace(/[^\p{L}\p{N}\p{M}/._~-]/gu, (sign) =>
    /[!'()*]/.test(sign) ? `%${sign.charCodeAt(0).toString(16).toUpperCase()}` : encodeURIComponent(sign),
  );

const escapeMarkdown = (text: string): string => text.replace(/[\\[\]<`!]/g, "\\$&");

const escapeAttribute = (text: string): string =>
  text
    .replaceAll("&", "&amp;")
    .replaceAll('"', "&quot;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll("{", "&#123;");

/** Text that may come from an image as Markdown that is nothing but text: no links, no pictures, no HTML, no blocks. */
export const escapeMarkdown = (text: string): string =>
  text
    .replace(/\s+/g, " ")
    .replace(/[\\`*_[\]<>|~]/g, "\\$&")
    .replace(/^(#+|[-+](?= )|\d+[.)](?= ))/, "\\$1")
    // Some renderers make links of bare addresses.
    .replace(/:\/\//g, ":\u200b//");

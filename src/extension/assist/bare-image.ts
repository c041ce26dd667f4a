/** Finds images without alternative text in a line of Markdown, HTML or JSX. */
export interface BareImage {
  readonly source: string;
  /** Columns of what the replacement stands for. */
  readonly start: number;
  readonly end: number;
  replacement(alt: string): string;
}

/** The image at (or, when there is but one, anywhere around) a column, or undefined when none lacks its text. */
export function findBareImage(line: string, column: number): BareImage | undefined {
  if (line.length > 10_000) return undefined;
  const found = [...markdownImages(line), ...elementImages(line)];
  return (
    found.find(({ start, end }) => column >= start && column <= end) ?? (found.length === 1 ? found[0] : undefined)
  );
}

function markdownImages(line: string): BareImage[] {
  return [...line.matchAll(/!\[\s*\](\((?:<([^>]+)>|([^)\s]+))[^)]*\))/g)].map((match) => ({
    source: match[2] ?? match[3] ?? "",
    start: match.index,
    end: match.index + match[0].length,
    replacement: (alt) => `![${alt.replace(/[\\[\]]/g, "\\$&")}]${match[1] ?? ""}`,
  }));
}

function elementImages(line: string): BareImage[] {
  return [...line.matchAll(/<img\b[^>]*>/gi)].flatMap((match) => {
    const tag = match[0];
    const source = /\bsrc\s*=\s*(?:"([^"]+)"|'([^']+)')/i.exec(tag);
    const alt = /\salt\s*=\s*(?:"([^"]*)"|'([^']*)'|\{[^}]*\})/i.exec(tag);
    const empty = alt === null || (alt[1] ?? alt[2])?.trim() === "";
    if (source === null || !empty) return [];
    const bare = alt === null ? tag : tag.replace(alt[0], "");
    return [
      {
        source: source[1] ?? source[2] ?? "",
        start: match.index,
        end: match.index + tag.length,
        replacement: (text: string) => bare.replace(/^<img\b/i, (name) => `${name} alt="${escapeAttribute(text)}"`),
      },
    ];
  });
}

const escapeAttribute = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;").replaceAll("{", "&#123;");

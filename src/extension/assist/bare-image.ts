/** Finds images without alternative text in Markdown, HTML and JSX. */
export interface BareImage {
  /** Path or address as written; for JSX expressions what they were imported or required from. */
  readonly source: string;
  /** Offsets of what the replacement stands for. */
  readonly start: number;
  readonly end: number;
  replacement(alt: string): string;
}

/** Texts longer than this are not searched. */
const longestText = 1_000_000;

/** Every image of a text that lacks alternative text and is not remote, in order. */
export function findBareImages(text: string): readonly BareImage[] {
  if (text.length > longestText) return [];
  return [...markdownImages(text), ...elementImages(text)]
    .filter(({ source }) => source !== "" && !/^([a-z][a-z+.-]+:|\/\/)/i.test(source))
    .sort((a, b) => a.start - b.start);
}

function markdownImages(text: string): BareImage[] {
  return [...text.matchAll(/!\[[^\S\n]*\](\((?:<([^>\n]+)>|([^)\s]+))[^)\n]*\))/g)].map((match) => ({
    source: match[2] ?? match[3] ?? "",
    start: match.index,
    end: match.index + match[0].length,
    replacement: (alt) => `![${alt.replace(/[\\[\]]/g, "\\$&")}]${match[1] ?? ""}`,
  }));
}

/** An `<img>` tag: attributes in quotes or braces may hold `>`. */
const element = /<img\b((?:[^>"'{}]|"[^"]*"|'[^']*'|\{[^{}]*\}){0,200})>/gi;

function elementImages(text: string): BareImage[] {
  return [...text.matchAll(element)].flatMap((match) => {
    const tag = match[0];
    const source = sourceOf(tag, text);
    const alt = /\salt(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|\{\s*(?:"([^"]*)"|'([^']*)'|([^}]*?))\s*\}))?(?=[\s/>])/i.exec(
      tag,
    );
    const written = alt?.[1] ?? alt?.[2] ?? alt?.[3] ?? alt?.[4] ?? alt?.[5] ?? "";
    if (source === undefined || written.trim() !== "") return [];
    const bare = alt === null ? tag : tag.replace(alt[0], "");
    return [
      {
        source,
        start: match.index,
        end: match.index + tag.length,
        replacement: (alternative: string) =>
          bare.replace(/^<img\b/i, (name) => `${name} alt="${escapeAttribute(alternative)}"`),
      },
    ];
  });
}

function sourceOf(tag: string, text: string): string | undefined {
  const source = /\ssrc\s*=\s*(?:"([^"]+)"|'([^']+)'|\{([^}]+)\})/i.exec(tag);
  if (source === null) return undefined;
  const expression = source[3]?.trim();
  if (expression === undefined) return source[1] ?? source[2];
  const literal = /^(?:require\(\s*)?["'`]([^"'`$]+)["'`]\s*\)?$/.exec(expression);
  if (literal !== null) return literal[1];
  if (!/^[\w$]+$/.test(expression)) return undefined;
  const name = expression.replaceAll("$", "\\$");
  return new RegExp(`\\bimport\\s+${name}\\s+from\\s*["']([^"']+)["']`).exec(text)?.[1];
}

const escapeAttribute = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;").replaceAll("{", "&#123;");

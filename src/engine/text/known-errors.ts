/**
 * Errors that people meet on screenshots, with their cause and what to do: a list written for this project
 * (`media/known-errors.json`), because a small model cannot know what errors mean.
 *
 * Patterns are the part of regular expressions that JavaScript and Python share (`training/known_errors.py` reads the
 * same file), without regard to case. They meet recognised text: a space matches any white space or none, a quote
 * matches any quote sign or none, and characters that recognition confuses (0 and o; 1, i and l) match each other.
 * Repetitions have bounds, so that no text makes a search long.
 */
import { readFile } from "node:fs/promises";
import { z } from "zod";
import { FailureError } from "../../shared/failure";
import { escapeMarkdown } from "../../shared/escape-markdown";

const name = z.string().regex(/^[^<>|`*\n]{3,60}$/);
const sentence = z.string().min(10).max(400);
const entrySchema = z.strictObject({
  name,
  /** Whose error it is. */
  tool: z.string().min(1).max(40),
  pattern: z.string().min(3).max(600),
  /**
   * A sentence each. `{group|alternative}` stands for a named group of the pattern, or for the text after the bar; where
   * it may be found in several places of the pattern, these are `group`, `group2` and `group3`.
   */
  cause: sentence,
  fix: sentence,
  /** Told only where nothing more specific is found. */
  general: z.boolean().optional(),
});
const listSchema = z.array(entrySchema).min(1).max(1000);

export type KnownErrorEntry = z.infer<typeof entrySchema>;

/** An error of the list as it was found in a text; Markdown. */
export interface KnownError {
  readonly name: string;
  readonly cause: string;
  readonly fix: string;
}

interface Entry extends KnownErrorEntry {
  readonly expression: RegExp;
}

/** UTF-16 units of text that are searched: a screen holds fewer. */
const longestText = 20_000;
const longestValue = 80;
/** Errors told of one text. */
const mostErrors = 2;

export class KnownErrors {
  readonly #entries: readonly Entry[];
  /** The prompt and what is added to its answer ask about one text. */
  #last: { readonly text: string; readonly found: readonly KnownError[] } | undefined;

  /** @param entries the most specific first. @throws SyntaxError where a pattern is none. */
  constructor(entries: readonly KnownErrorEntry[]) {
    this.#entries = entries.map((entry) => ({ ...entry, expression: expressionOf(entry.pattern) }));
  }

  /** @throws FailureError `file-unreadable` where the file is not such a list. */
  static async read(file: string): Promise<KnownErrors> {
    try {
      return new KnownErrors(listSchema.parse(JSON.parse(await readFile(file, "utf8"))));
    } catch (thrown) {
      if (!(thrown instanceof Error)) throw thrown;
      const reason = thrown instanceof z.ZodError ? z.prettifyError(thrown) : thrown.message;
      throw new FailureError({ code: "file-unreadable", file, reason }, { cause: thrown });
    }
  }

  /**
   * The errors found in recognised lines, the most specific first, two at most. Text that explains one of them is not
   * taken for another.
   */
  find(lines: readonly string[]): readonly KnownError[] {
    const text = normalised(lines.join("\n"));
    if (this.#last?.text !== text) this.#last = { text, found: this.#search(text) };
    return this.#last.found;
  }

  #search(text: string): readonly KnownError[] {
    const found: { readonly from: number; readonly to: number; readonly error: KnownError }[] = [];
    for (const entry of this.#entries) {
      if (entry.general === true && found.length > 0) break;
      const match = entry.expression.exec(text);
      if (match === null) continue;
      const [from, to] = [match.index, match.index + match[0].length];
      if (found.some((other) => from < other.to && other.from < to)) continue;
      const fill = (template: string): string => filled(template, match.groups ?? {});
      found.push({ from, to, error: { name: entry.name, cause: fill(entry.cause), fix: fill(entry.fix) } });
      if (found.length === mostErrors || entry.general === true) break;
    }
    return found.map(({ error }) => error);
  }
}

/** Recognised text with one sign for every quote and dash, and full-width signs as the usual ones. */
export const normalised = (text: string): string =>
  text
    .slice(0, longestText)
    .replace(/[´″]/g, "'")
    .normalize("NFKC")
    .slice(0, longestText)
    .replace(/["‘’‚‛“”„‟`′«»]/g, "'")
    .replace(/[‐‑‒–—−]/g, "-")
    .replaceAll("。", ".");

/** What stands for itself in an expression: escapes, groups' openings, classes, counts; else one character. */
const pieces = /\\.|\(\?<[a-z]\w*>|\(\?(?:<?[=!]|:)|\[(?:\\.|[^\]\\])*\]|\{\d+(?:,\d+)?\}|[^]/g;
const space = "[ \\t\\n\\r]{0,3}";
const quote = "'{0,2}";
/** What recognition confuses, or reads as several signs. */
const confused: Readonly<Record<string, string>> = {
  ...{ " ": space, "'": quote, '"': quote, "`": quote },
  ...{ "0": "[0o]", o: "[0o]", O: "[0o]" },
  ...{ "1": "[1il|]", i: "[1il|]", I: "[1il|]", l: "[1il|]", L: "[1il|]" },
};

/** A pattern of the list as an expression. @throws SyntaxError */
function expressionOf(pattern: string): RegExp {
  const source = pattern.replace(pieces, (piece) =>
    piece.startsWith("[") ? piece.replaceAll(/["`]/g, "'") : (confused[piece] ?? piece),
  );
  return new RegExp(source, "i");
}

/** A template with its placeholders replaced; what comes from the text can be nothing but text there. */
function filled(template: string, groups: Readonly<Record<string, string | undefined>>): string {
  return template.replace(/`[^`]*`|[^`]+/g, (part) => {
    const isCode = part.startsWith("`");
    return part.replace(/\{(\w+)\|([^{}]*)\}/g, (_whole, group: string, alternative: string) => {
      const found = groups[group] ?? groups[`${group}2`] ?? groups[`${group}3`] ?? "";
      const value = found.replace(/\s+/g, " ").trim();
      if (value === "") return alternative;
      const short = value.length > longestValue ? `${value.slice(0, longestValue - 1)}…` : value;
      return isCode ? short.replaceAll("`", "'") : escapeMarkdown(short);
    });
  });
}

/** The strings that the extension host hands to `vscode.l10n.t`, read from its syntax trees. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import ts from "typescript";

export interface UsedStrings {
  /** Every literal string, without repeats. */
  readonly strings: ReadonlySet<string>;
  /** Calls whose string is computed, as `file: argument`. */
  readonly computed: readonly string[];
}

export function usedStrings(folder: string): UsedStrings {
  const strings = new Set<string>();
  const computed: string[] = [];
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) =>
    file.endsWith(".ts"),
  )) {
    const source = ts.createSourceFile(name, readFileSync(path.join(folder, name), "utf8"), ts.ScriptTarget.Latest);
    const visit = (node: ts.Node): void => {
      if (ts.isCallExpression(node) && node.expression.getText(source).endsWith("l10n.t")) {
        const [first] = node.arguments;
        if (first !== undefined && ts.isStringLiteralLike(first)) strings.add(first.text);
        else computed.push(`${name}: ${first?.getText(source) ?? ""}`);
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  return { strings, computed };
}

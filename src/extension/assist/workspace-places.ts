/** Places named in an error that are in the workspace. */
import * as vscode from "vscode";
import { commonEnd, findPlaces, type Place } from "./error-places";

interface WorkspacePlace {
  readonly uri: vscode.Uri;
  /** Path inside its workspace folder. */
  readonly path: string;
  /** Counted from 1. */
  readonly line: number;
}

const mostPlaces = 5;
const mostCandidates = 50;

/** The first places of a text whose file can be told without doubt and has that line. */
async function workspacePlaces(text: string): Promise<readonly WorkspacePlace[]> {
  const places: WorkspacePlace[] = [];
  for (const place of findPlaces(text)) {
    if (places.length === mostPlaces) break;
    const found = await locate(place);
    if (found !== undefined) places.push(found);
  }
  return places;
}

async function locate({ path, line }: Place): Promise<WorkspacePlace | undefined> {
  const name = path.split("/").at(-1) ?? "";
  // A glob's own characters never come in: findPlaces lets none through but in Python's quotes.
  if (name === "" || /[*?{}[\]]/.test(name)) return undefined;
  const candidates = await vscode.workspace.findFiles(`**/${name}`, "**/node_modules/**", mostCandidates);
  const ranked = candidates
    .map((uri) => ({ uri, common: commonEnd(path, uri.path) }))
    .sort((a, b) => b.common - a.common);
  const [best, second] = ranked;
  if (best === undefined || best.common === second?.common) return undefined;
  const folder = vscode.workspace.getWorkspaceFolder(best.uri);
  if (folder === undefined) return undefined;
  const { lineCount } = await vscode.workspace.openTextDocument(best.uri);
  if (line > lineCount) return undefined;
  return { uri: best.uri, path: best.uri.path.slice(folder.uri.path.length + 1), line };
}

/** An explanation of an error, with links to the places that it or the screenshot's own text names. */
export async function withPlaces(answer: string, read: readonly string[]): Promise<string> {
  const places = await workspacePlaces([...read, answer].join("\n"));
  return places.length === 0 ? answer : `${answer}\n\n${placesMarkdown(places)}`;
}

/** The places as a sentence of Markdown with links that the chat opens in the editor. */
function placesMarkdown(places: readonly WorkspacePlace[]): string {
  const links = places.map(({ path, line }) => {
    const place = `${path}:${line}`;
    return `[${place.replace(/[\\[\]]/g, "\\$&")}](<${encodeURI(place)}>)`;
  });
  return vscode.l10n.t("In this workspace: {links}", { links: links.join(", ") });
}

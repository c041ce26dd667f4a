/** Where this package lies, for the files that ship beside the bundles (models, workers). */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

/** The nearest folder above this file whose package.json is this project's. @throws Error where there is none. */
export function packageRoot(): string {
  for (let folder = __dirname; ; folder = path.dirname(folder)) {
    const file = path.join(folder, "package.json");
    if (existsSync(file)) {
      const { name } = JSON.parse(readFileSync(file, "utf8")) as { name?: unknown };
      if (name === "mini-gemini") return folder;
    }
    if (path.dirname(folder) === folder) throw new Error(`${__dirname} is not inside the mini-gemini package`);
  }
}

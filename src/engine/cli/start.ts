/** `npm start`: explains a bundled screenshot, or the image given, and says how to go on. */
import path from "node:path";
import { packageRoot } from "../platform/package-root";
import { explainCommand } from "./explain";

const bundled = path.join("media", "samples", "terminal-error.png");

export async function startCommand(image?: string, question?: string): Promise<void> {
  // npm runs its scripts in the package's folder, and tells from which one it was called.
  const from = process.env["INIT_CWD"] ?? process.cwd();
  const file = image === undefined ? path.join(packageRoot(), bundled) : path.resolve(from, image);
  process.stdout.write(
    `${path.relative(process.cwd(), file) || file}${question === undefined ? "" : `: ${question}`}\n\n`,
  );
  await explainCommand([file], {
    device: "cpu",
    threads: 0,
    maxTokens: 256,
    temperature: 0,
    seed: 0,
    ocr: true,
    gen: false,
    json: false,
    serverImages: true,
    ...(question === undefined ? {} : { ask: question }),
  });
  process.stdout.write(
    [
      "",
      "That was the embedded starter model, which is small and makes mistakes.",
      'Another image: npm start -- path/to/image.png "question"',
      "In VS Code: open this folder and press F5, or run `npm run package` and install the .vsix file.",
      "",
    ].join("\n"),
  );
}

/**
 * Bundles every process of the extension into dist/.
 *
 *   extension.js          the extension host's side
 *   engine.js             the engine process
 *   library.js            the process that downloads and keeps models
 *   cli.js                the engine behind a command line
 *   quantise-worker.js    a worker thread of the engine
 *   draw-svg.js           a process of the engine that draws one SVG
 *   webview/              the chat view, with its lazily loaded chunks
 */
import { rm } from "node:fs/promises";
import { build } from "esbuild";

const production = process.argv.includes("--production");

/** Native modules and what VS Code provides stay outside the bundles. */
const external = ["vscode", "onnxruntime-node", "sharp"];

const common = {
  bundle: true,
  minify: production,
  sourcemap: production ? false : "linked",
  logLevel: "warning",
  absWorkingDir: import.meta.dirname,
};

await rm(new URL("dist", import.meta.url), { recursive: true, force: true });
await Promise.all([
  build({
    ...common,
    entryPoints: {
      extension: "src/extension/extension.ts",
      engine: "src/engine/main.ts",
      library: "src/engine/library-main.ts",
      cli: "src/engine/cli.ts",
      "quantise-worker": "src/engine/weights/quantise-worker.ts",
      "draw-svg": "src/engine/image/draw-svg.ts",
    },
    outdir: "dist",
    platform: "node",
    format: "cjs",
    target: "node20",
    external,
  }),
  build({
    ...common,
    entryPoints: ["webview/main.ts", "webview/illustration/main.ts"],
    outdir: "dist/webview",
    platform: "browser",
    format: "esm",
    target: "chrome128",
    splitting: true,
    loader: { ".svg": "text", ".woff2": "file", ".woff": "empty", ".ttf": "empty" },
  }),
]);

import boundaries from "eslint-plugin-boundaries";
import tseslint from "typescript-eslint";

/** Folders of the engine, lowest first: each may import those before it. */
const engineOrder = [
  "platform",
  "weights",
  "hub",
  "graph",
  "model",
  "networks",
  "image",
  "ocr",
  "text",
  "runtime",
  "diffusion",
  "remote",
  "pipeline",
  "serve",
  "library",
];

const elements = [
  { type: "shared", pattern: "src/shared" },
  ...engineOrder.map((name) => ({ type: name, pattern: `src/engine/${name}` })),
  { type: "engine", pattern: "src/engine" },
  { type: "extension", pattern: "src/extension" },
  { type: "webview", pattern: "webview" },
  { type: "test", pattern: "test" },
  { type: "bench", pattern: "bench" },
];

/** What may import what: everything that is not named is refused. */
const policies = [
  { from: "shared", to: ["shared"] },
  ...engineOrder.map((name, rank) => ({ from: name, to: ["shared", ...engineOrder.slice(0, rank + 1)] })),
  { from: "engine", to: ["shared", "engine", ...engineOrder] },
  { from: "extension", to: ["shared", "extension"] },
  { from: "webview", to: ["shared", "webview"] },
  { from: "test", to: elements.map(({ type }) => type) },
  { from: "bench", to: elements.map(({ type }) => type) },
].map(({ from, to }) => ({
  from: { element: { type: from } },
  allow: to.map((type) => ({ to: { element: { type } } })),
}));

export default tseslint.config(
  { ignores: ["dist/**", "out/**", "node_modules/**", "training/**", "media/**", "test/workbench/artifacts/**"] },
  ...tseslint.configs.strictTypeChecked.map((config) => ({ ...config, files: ["**/*.ts"] })),
  {
    files: ["**/*.ts"],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { boundaries },
    settings: { "boundaries/elements": elements, "import/resolver": { node: { extensions: [".ts"] } } },
    rules: {
      "boundaries/dependencies": ["error", { default: "disallow", policies }],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/no-non-null-assertion": "error",
    },
  },
  {
    // node:test's `test` and `describe` return promises that the runner awaits itself.
    files: ["test/**/*.ts"],
    rules: {
      "@typescript-eslint/no-floating-promises": [
        "error",
        {
          allowForKnownSafeCalls: [
            { from: "package", name: ["test", "it", "describe", "suite"], package: "node:test" },
          ],
        },
      ],
    },
  },
);

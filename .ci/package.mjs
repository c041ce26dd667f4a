// `npm run package -- --target linux-x64 [--out FILE]`: builds the extension for one platform as a VSIX.
// Only that platform's native files are in it. Those of other platforms than this one are fetched by npm, as locked.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync, statSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";

const root = path.resolve(import.meta.dirname, "..");
/** Where onnxruntime-node and sharp both have native files. Intel Macs are not among them. */
const targets = ["linux-x64", "linux-arm64", "win32-x64", "win32-arm64", "darwin-arm64"];

const { values } = parseArgs({
  options: { target: { type: "string", default: `${process.platform}-${process.arch}` }, out: { type: "string" } },
});
const { target } = values;
if (!targets.includes(target)) {
  console.error(`There is no build for ${target}; there are builds for ${targets.join(", ")}.`);
  process.exit(2);
}
const [platform, arch] = target.split("-");
const out = path.resolve(values.out ?? path.join(root, `mini-gemini-${target}.vsix`));

function run(command, args, cwd = root) {
  const { status, error } = spawnSync(command, args, {
    cwd,
    stdio: "inherit",
    // npm and vsce are scripts; on Windows only the shell finds them.
    shell: process.platform === "win32" && command !== process.execPath,
  });
  if (error) console.error(error.message);
  if (status !== 0) process.exit(status ?? 1);
}

/** A node_modules with the target's native packages: this one's where it is the same platform. */
function nativePackages() {
  const here = path.join(root, "node_modules");
  if (existsSync(path.join(here, "@img", `sharp-${target}`))) return { folder: here, done: () => undefined };
  const scratch = mkdtempSync(path.join(os.tmpdir(), "mini-gemini-package-"));
  for (const file of ["package.json", "package-lock.json"]) cpSync(path.join(root, file), path.join(scratch, file));
  const quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  const libc = platform === "linux" ? ["--libc=glibc"] : [];
  run("npm", ["ci", "--omit=dev", `--os=${platform}`, `--cpu=${arch}`, ...libc, ...quiet], scratch);
  return {
    folder: path.join(scratch, "node_modules"),
    done: () => {
      rmSync(scratch, { recursive: true, force: true });
    },
  };
}

const from = nativePackages();
const to = path.join(root, "dist", "node_modules");

/** Copies what a package needs to run; the filter sees paths inside it, with forward slashes. */
function copy(name, wanted = () => true) {
  const source = path.join(from.folder, name);
  const filter = (file) => {
    const inside = path.relative(source, file).split(path.sep).join("/");
    if (statSync(file).isDirectory()) return true;
    if (/^(package\.json|licen[cs]e.*|third_?party_?notices.*)$/i.test(inside)) return true;
    return !/\.(map|d\.[cm]?ts|md|h)$/.test(inside) && wanted(inside);
  };
  cpSync(source, path.join(to, name), { recursive: true, dereference: true, filter });
}

function removeEmptyFolders(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) removeEmptyFolders(path.join(folder, entry.name));
  }
  if (readdirSync(folder).length === 0) rmdirSync(folder);
}

/** The dynamic library lies there under two names; one is enough, the one that the binding asks for. */
function askedFor(file) {
  const library = path.basename(file);
  if (!library.endsWith(".dylib")) return true;
  const binding = path.join(from.folder, "onnxruntime-node", path.dirname(file), "onnxruntime_binding.node");
  return readFileSync(binding).includes(library);
}

try {
  run(process.execPath, ["esbuild.mjs", "--production"]);
  const native = `bin/napi-v6/${platform}/${arch}/`;
  copy("onnxruntime-node", (file) => file.startsWith("dist/") || (file.startsWith(native) && askedFor(file)));
  copy("onnxruntime-common", (file) => file.startsWith("dist/cjs/"));
  // The engine imports it (.mjs), which itself requires the rest (.cjs).
  copy("sharp", (file) => file.startsWith("dist/") && /\.[cm]js$/.test(file));
  copy(`@img/sharp-${target}`);
  if (platform !== "win32") copy(`@img/sharp-libvips-${target}`);
  copy("@img/colour");
  copy("detect-libc");
  copy("semver", (file) => !file.startsWith("bin/"));
  removeEmptyFolders(to);
  const vsce = path.join(root, "node_modules", "@vscode", "vsce", "vsce");
  const options = [
    "--target",
    target,
    "--no-dependencies",
    "--no-rewrite-relative-links",
    "--allow-missing-repository",
  ];
  run(process.execPath, [vsce, "package", ...options, "--out", out]);
} finally {
  // What was built for another platform must not be found by what runs from here.
  rmSync(to, { recursive: true, force: true });
  from.done();
}

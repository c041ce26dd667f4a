// Installs what package-lock.json names where node_modules does not hold just that. Needs nothing but Node and npm.
import { spawnSync } from "node:child_process";
import { lstatSync, readFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const [major] = process.versions.node.split(".").map(Number);
if (major < 20) {
  console.error(`Node.js 20 or newer is needed; this is ${process.version}.`);
  process.exit(1);
}

const packagesOf = (file) => {
  try {
    return JSON.parse(readFileSync(path.join(root, file), "utf8")).packages;
  } catch {
    // Absent or cut short: whatever is there is installed anew.
    return {};
  }
};

/** npm writes its own list last, so an interrupted installation is begun again. */
function isInstalled() {
  const installed = packagesOf("node_modules/.package-lock.json");
  return Object.entries(packagesOf("package-lock.json")).every(
    ([folder, { version, optional, peer }]) =>
      folder === "" ||
      installed[folder]?.version === version ||
      (installed[folder] === undefined && (optional || peer)),
  );
}

if (!isInstalled()) {
  if (lstatSync(path.join(root, "node_modules"), { throwIfNoEntry: false })?.isSymbolicLink()) {
    console.error("node_modules is a link to packages that package-lock.json does not name; install them there.");
    process.exit(1);
  }
  console.error("Installing the packages that package-lock.json names …");
  const { status } = spawnSync("npm", ["ci", "--no-audit", "--no-fund"], {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
    shell: process.platform === "win32",
  });
  if (status !== 0) process.exit(status ?? 1);
}

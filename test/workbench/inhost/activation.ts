import assert from "node:assert/strict";
import { createRequire } from "node:module";
import path from "node:path";
import { describe, it } from "mocha";
import * as vscode from "vscode";
import { extension, internals } from "./host";

interface Manifest {
  readonly contributes: {
    readonly commands: readonly { readonly command: string; readonly title: string; readonly category: string }[];
  };
}

/** CPU milliseconds that reading and running the extension's bundle takes. */
function loadingTime(): number {
  const file = path.join(extension().extensionPath, "dist", "extension.js");
  const load = createRequire(file);
  const kept = load.cache[file];
  Reflect.deleteProperty(load.cache, file);
  const cpu = process.cpuUsage();
  load(file);
  const { user, system } = process.cpuUsage(cpu);
  load.cache[file] = kept;
  return (user + system) / 1000;
}

describe("activation", () => {
  it("takes less than 50 ms and starts no engine", async () => {
    assert.equal(extension().isActive, false, "nothing activates it at start");
    const { explainer, activation } = await internals();
    // On a busy machine other processes count into the wall clock's time; what this one used does not depend on them.
    const code = loadingTime();
    const time = Math.min(activation.milliseconds, activation.cpuMilliseconds) + code;
    console.log(`activation: ${time.toFixed(1)} ms, ${code.toFixed(1)} of it for reading the code`);
    assert.equal(explainer.engine.pid, null);
    assert.ok(time < 50, `${time.toFixed(1)} ms`);
  });

  it("loads nothing native into the host", () => {
    const loaded = Object.keys(require.cache).filter((file) => /onnxruntime|[\\/]sharp[\\/]|\.node$/.test(file));
    assert.deepEqual(
      loaded.filter((file) => file.includes("mini-gemini")),
      [],
    );
  });

  it("registers every command of the manifest, with a title and the category", async () => {
    const all = new Set(await vscode.commands.getCommands(true));
    const { commands } = (extension().packageJSON as Manifest).contributes;
    assert.ok(commands.length >= 12);
    for (const { command, title, category } of commands) {
      assert.ok(all.has(command), command);
      assert.ok(title.length > 0 && !title.startsWith("%"), command);
      assert.equal(category, "Mini-Gemini");
    }
  });
});

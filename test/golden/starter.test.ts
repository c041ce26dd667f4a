/** The embedded starter model, as it ships in media/starter: whole, small enough, and of use on the bundled screenshot. */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, describe, test } from "node:test";
import { Engine } from "../../src/engine/pipeline/engine";

const project = path.join(import.meta.dirname, "../..");
const folder = path.join(project, "media/starter");
const answering = { signal: new AbortController().signal, part: (): void => undefined };

describe("the starter", () => {
  const engine = new Engine({ ocrFolder: path.join(project, "media/ocr") });
  const scratch = mkdtempSync(path.join(os.tmpdir(), "mini-gemini-starter-"));
  after(async () => {
    await engine.handlers.unload({}, answering);
    rmSync(scratch, { recursive: true });
  });

  test("is there, in files below 50 MB, and names no path of the machine it was made on", () => {
    const sizes = readdirSync(folder).map((file) => statSync(path.join(folder, file)).size);
    assert.ok(Math.max(...sizes) < 50e6, "a file of 50 MB or more");
    const manifest = readFileSync(path.join(folder, "manifest.json"), "utf8");
    assert.doesNotMatch(manifest, /"(?:\/|[A-Za-z]:\\)/);
  });

  test("loads, says that it is the starter, and explains the bundled screenshot in its own terms", async () => {
    const loaded = await engine.handlers.load(
      { model: folder, precision: "int4", preparedRoot: scratch, device: "cpu", threads: 0 },
      answering,
    );
    assert.equal(loaded.starter, true);
    const file = path.join(project, "media/samples/terminal-error.png");
    const sampling = { maxTokens: 160, temperature: 0, topP: 1, topK: 0, repetitionPenalty: 1, seed: 0 };
    const image = { name: "terminal-error.png", data: { kind: "file", file } } as const;
    const { text } = await engine.handlers.explain(
      { turns: [{ role: "user", text: "Explain this image.", images: [image] }], sampling, ocr: true },
      answering,
    );
    assert.match(text, /terminal|error|EADDRINUSE|address|port/i);
  });
});

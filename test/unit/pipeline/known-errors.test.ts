/** Known errors in the starter's prompts and below its answers: a tiny checkpoint stands for it, its answers are set. */
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { explain } from "../../../src/engine/pipeline/explain";
import { ImageReader } from "../../../src/engine/pipeline/image-reader";
import { loadModel, type Model } from "../../../src/engine/pipeline/load-model";
import { prepareModel } from "../../../src/engine/pipeline/prepare-model";
import { knownErrorHeading } from "../../../src/shared/quotes";
import type { ExplainParams, ExplainPart, ExplainResult, Turn } from "../../../src/shared/protocol";
import { ask, greedy, image, loadParams } from "./golden-engine";

const project = path.join(import.meta.dirname, "../../..");
const folder = mkdtempSync(path.join(os.tmpdir(), "mini-gemini-known-errors-"));
const images = new ImageReader(path.join(project, "media/ocr"));
const terminal = {
  name: "terminal-error.png",
  data: { kind: "file", file: path.join(project, "media/samples/terminal-error.png") },
} as const;
const plain = image("landscape_320x240.png");
const name = "Port already in use (EADDRINUSE)";
let starter: Model;
let published: Model;

before(async () => {
  const prepared = await prepareModel(loadParams("MGM-34B"));
  published = await loadModel(loadParams("MGM-34B"));
  cpSync(prepared.folder, folder, { recursive: true });
  const manifest = path.join(folder, "manifest.json");
  const content = JSON.parse(readFileSync(manifest, "utf8")) as object;
  writeFileSync(manifest, JSON.stringify({ ...content, starter: true }));
  starter = await loadModel(loadParams("MGM-34B", { model: folder }));
});
after(async () => {
  await Promise.all([starter.dispose(), published.dispose(), images.unload()]);
  rmSync(folder, { recursive: true, force: true });
});

interface Asked {
  readonly result: ExplainResult;
  /** The prompt as the model was given it, images left out. */
  readonly prompt: string;
  readonly streamed: string;
}

/** Asks a model whose answer is set: its networks run, and its logits are replaced. */
async function answered(
  model: Model,
  answer: string,
  turns: readonly Turn[],
  more: Partial<ExplainParams> = {},
): Promise<Asked> {
  const { language, tokenizer } = model;
  const script = [...tokenizer.encode(answer, { plain: true }), ...tokenizer.endTokens.slice(0, 1)];
  const set = (logits: Float32Array, token: number | undefined): Float32Array => {
    const row = new Float32Array(logits.length);
    row[token ?? 0] = 1;
    return row;
  };
  let prompt: readonly (string | number)[] = [];
  const scripted = Object.create(language) as typeof language;
  Object.defineProperty(scripted, "cache", { value: language.cache });
  scripted.prefill = async (positions, options) => {
    prompt = positions.identities;
    return set(await language.prefill.call(language, positions, options), script[0]);
  };
  scripted.run = async (positions, rows) => {
    const at = language.cache.length - prompt.length + 1;
    const logits = await language.run(positions, rows);
    return logits.map((row, index) => set(row, script[at + index]));
  };
  language.cache.truncate(0);
  const parts: ExplainPart[] = [];
  const params = { turns, sampling: { ...greedy, maxTokens: 200 }, ocr: true, ...more };
  const result = await explain({ ...model, language: scripted }, images, params, {
    onPart: (part) => {
      parts.push(part);
    },
  });
  return {
    result,
    prompt: tokenizer.decode(prompt.filter((one): one is number => typeof one === "number" && one >= 0)),
    streamed: parts.flatMap((part) => (part.kind === "text" ? [part.text] : [])).join(""),
  };
}

const note = /^\*\*Port already in use \(EADDRINUSE\)\*\*: .+ Fix: .+`lsof -i :3000`/;

describe("the prompt", () => {
  test("tells the starter the known error after the text of the image", async () => {
    const { prompt } = await answered(starter, "A terminal.", [ask("What is it?", terminal)]);
    assert.match(
      prompt,
      /\nReference OCR Token: [^\n]*EADDRINUSE[^\n]*\nKnown error: Port already in use \(EADDRINUSE\)\n/,
    );
  });

  test("is without one where nothing is known, and for every other model", async () => {
    const unknown = await answered(starter, "A picture.", [ask("What is it?", plain)]);
    assert.doesNotMatch(unknown.prompt, /Known error/);
    const other = await answered(published, "A terminal.", [ask("What is it?", terminal)]);
    assert.match(other.prompt, /Reference OCR Token: /);
    assert.doesNotMatch(other.prompt, /Known error/);
  });

  test("holds earlier answers without what was put below them", async () => {
    const first = await answered(starter, "A terminal.\nKnown error:", [ask("What is it?", terminal)]);
    const { prompt } = await answered(starter, "Yes.", [
      ask("What is it?", terminal),
      { role: "assistant", text: first.result.text },
      ask("Sure?"),
    ]);
    assert.match(prompt, /A terminal\.\nKnown error:/);
    assert.doesNotMatch(prompt, /Fix:/);
  });
});

describe("an answer", () => {
  test("that ends with the mark has the explanation below it", async () => {
    const { result, streamed } = await answered(starter, "A terminal.\nKnown error:", [ask("What is it?", terminal)]);
    const [words, explanation] = result.text.split("Known error:\n");
    assert.equal(words, "A terminal.\n");
    assert.match(explanation ?? "", note);
    assert.equal(streamed, result.text);
  });

  test("that ends with the mark where nothing is known says so", async () => {
    const { result } = await answered(starter, "A picture.\nKnown error:", [ask("What is it?", plain)]);
    assert.equal(result.text, "A picture.\nKnown error:\nThe built-in list has none for this text.");
  });

  test("that quotes the image has it below the quote, under a heading", async () => {
    const { result } = await answered(starter, "A terminal.\nVisible text:", [ask("What is it?", terminal)]);
    assert.match(result.text, /^A terminal\.\nVisible text:\n```text\n[^`]*EADDRINUSE[^`]*\n```\n\n/);
    assert.match(result.text.split(`\n\`\`\`\n\n${knownErrorHeading}\n`)[1] ?? "", note);
  });

  test("that is nothing but a quote has none", async () => {
    const { result } = await answered(starter, "Visible text:", [ask("Write the text.", terminal)]);
    assert.ok(result.text.endsWith("\n```") && !result.text.includes("Fix:"));
  });

  test("to a question about an error has it though the model left it out", async () => {
    const turns = [ask("What is the error?", terminal)];
    const { result } = await answered(starter, "A terminal.", turns, { asksAboutError: true });
    assert.match(result.text.split(`A terminal.\n\n${knownErrorHeading}\n`)[1] ?? "", note);
    const asked = await answered(starter, "A terminal.", turns);
    assert.equal(asked.result.text, result.text);
    const unasked = await answered(starter, "A terminal.", [ask("What is it?", terminal)]);
    assert.equal(unasked.result.text, "A terminal.");
    const unknown = await answered(starter, "A picture.", [ask("What is it?", plain)], { asksAboutError: true });
    assert.equal(unknown.result.text, "A picture.");
  });

  test("that repeats itself is stopped, and the image quoted", async () => {
    const { result } = await answered(starter, `A log: ${"git/".repeat(60)}`, [ask("What is it?", terminal)]);
    assert.equal(result.stopped, "loop");
    assert.ok(result.tokens < 80, String(result.tokens));
    assert.match(result.text, /^A log: (?:git\/)+\w*…\nVisible text:\n```text\n[^`]*EADDRINUSE/);
    const code = await answered(starter, `\`\`\`\n${"x = 1\n".repeat(40)}`, [ask("What is it?", terminal)]);
    assert.match(code.result.text, /x = 1\n```$/);
    const other = await answered(published, `A log: ${"git/".repeat(60)}`, [ask("x", terminal)]);
    assert.equal(other.result.stopped, "end");
  });

  test("of another model has nothing below it", async () => {
    for (const words of ["A terminal.\nKnown error:", "A terminal.\nVisible text:", "A terminal."]) {
      const { result } = await answered(published, words, [ask("x", terminal)], { asksAboutError: true });
      assert.equal(result.text, words);
    }
  });
});

test("the list's first error is the one that is named", () => {
  assert.equal(starter.knownErrors?.find(["listen EADDRINUSE: address already in use :::3000"])[0]?.name, name);
  assert.equal(published.knownErrors, undefined);
});

/** Who writes the prompt of a picture: the model where it can, the person where it cannot. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { drawingRequest } from "../../../src/extension/illustrate/drawing-request";
import { type PromptWriter, writeForm } from "../../../src/extension/illustrate/write-prompt";
import { FailureError } from "../../../src/shared/failure";
import type { IllustrationForm } from "../../../src/shared/illustration-protocol";

const drawn: IllustrationForm = {
  prompt: "a red rocket",
  style: "flat",
  size: { width: 512, height: 512 },
  count: 1,
  seed: 7,
  negative: "text",
  steps: 20,
  guidance: null,
  from: null,
};

class Writer implements PromptWriter {
  readonly calls: string[] = [];
  readonly #says: { starter?: boolean; prompts?: readonly string[]; aside?: string; failure?: FailureError };

  constructor(says: { starter?: boolean; prompts?: readonly string[]; aside?: string; failure?: FailureError }) {
    this.#says = says;
  }

  load(): Promise<{ starter: boolean }> {
    this.calls.push("load");
    if (this.#says.failure !== undefined) return Promise.reject(this.#says.failure);
    return Promise.resolve({ starter: this.#says.starter ?? false });
  }

  answer(): Promise<{ imagePrompts: readonly string[] }> {
    this.calls.push("answer");
    return Promise.resolve({ imagePrompts: this.#says.prompts ?? [] });
  }

  aside(question: string): Promise<string> {
    this.calls.push(question);
    return Promise.resolve(this.#says.aside ?? "");
  }
}

function form(text: string, writer: PromptWriter, previous?: IllustrationForm): Promise<IllustrationForm> {
  const request = drawingRequest(text, previous !== undefined);
  assert.ok(request !== undefined);
  return writeForm({ request, previous, seesImages: true }, writer);
}

describe("a model that writes prompts", () => {
  test("its last prompt is drawn, as the reference draws it", async () => {
    const writer = new Writer({ prompts: ["a rocket", " A gleaming red rocket\nover clouds. "] });
    assert.equal((await form("draw a red rocket", writer)).prompt, "A gleaming red rocket over clouds.");
    assert.deepEqual(writer.calls, ["load", "answer"]);
  });

  test("without one, a simple instruction is re-captioned", async () => {
    const writer = new Writer({ aside: 'Caption: "A red rocket at dawn"' });
    assert.equal((await form("draw a red rocket", writer)).prompt, "A red rocket at dawn");
    assert.match(writer.calls[2] ?? "", /a picture that shows: a red rocket\./);
  });

  test("where nothing comes of that, the person's words are drawn", async () => {
    assert.equal((await form("draw a red rocket", new Writer({ aside: " ** " }))).prompt, "a red rocket");
  });

  test("writes the changed prompt; seed, style and settings stay", async () => {
    const changed = await form("Same again, but blue", new Writer({ prompts: ["a blue rocket"] }), drawn);
    assert.deepEqual(changed, { ...drawn, prompt: "a blue rocket" });
  });
});

describe("the starter", () => {
  test("is not asked for prompts", async () => {
    const writer = new Writer({ starter: true });
    assert.equal((await form("draw a red rocket", writer)).prompt, "a red rocket");
    assert.deepEqual(writer.calls, ["load"]);
  });

  test("says what an image shows that is to be drawn", async () => {
    const writer = new Writer({ starter: true, aside: "A terminal with an error." });
    const { prompt, style } = await form("redraw this as an icon", writer);
    assert.deepEqual([prompt, style], ["A terminal with an error.", "icon"]);
  });

  test("a change is added to the prompt before", async () => {
    const changed = await form("Same again, but at night", new Writer({ starter: true }), drawn);
    assert.deepEqual(changed, { ...drawn, prompt: "a red rocket, at night" });
  });
});

describe("without asking any model", () => {
  test("another style keeps prompt and seed", async () => {
    const writer = new Writer({});
    assert.deepEqual(await form("now as an icon", writer, drawn), { ...drawn, style: "icon" });
    assert.deepEqual(writer.calls, []);
  });

  test("once more gets another seed", async () => {
    assert.deepEqual(await form("another one", new Writer({}), drawn), { ...drawn, seed: null });
  });
});

describe("a language model that fails", () => {
  const failure = new FailureError({ code: "model-folder-missing", folder: "/gone" });

  test("does not keep the person's own words from being drawn", async () => {
    assert.equal((await form("draw a red rocket", new Writer({ failure }))).prompt, "a red rocket");
  });

  test("is told where the words point at an image", async () => {
    await assert.rejects(form("illustrate this", new Writer({ failure })), failure);
  });

  test("stopping is no failure to go on from", async () => {
    const cancelled = new FailureError({ code: "cancelled" });
    await assert.rejects(form("draw a red rocket", new Writer({ failure: cancelled })), cancelled);
  });
});

/** Prompts, token ids and decoded answers against the reference's own (fixtures/mgm, made by its command line). */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";
import { encodePrompt, type PromptPiece } from "../../src/engine/text/prompt";
import { TextStream } from "../../src/engine/text/stream";
import { chooseTemplate, type PromptTurn, renderPrompt, type Segment } from "../../src/engine/text/templates";
import { loadTokenizer, type Tokenizer } from "../../src/engine/text/tokenizer";
import type { TemplateName } from "../../src/shared/protocol";
import { integersOf, readTensors } from "./tensors";

const root = path.join(import.meta.dirname, "fixtures/mgm");
const imageToken = -200;

interface PromptCase {
  readonly checkpoint: string;
  readonly conv_mode: TemplateName;
  readonly scenario: string;
  /** User and assistant in turn, as the reference's conversation holds them. */
  readonly turns?: readonly string[];
  /** What was typed into the reference's web page instead. */
  readonly text?: string;
  readonly prompt: string;
  readonly input_ids: readonly number[];
}

interface GeneratedCase {
  readonly case: { readonly ckpt: string };
  readonly prompts: readonly string[];
  readonly conv_mode_used: TemplateName;
  readonly generated_text_raw: string;
}

const readJson = (file: string): unknown => JSON.parse(readFileSync(path.join(root, file), "utf8"));
const promptCases = readJson("prompts.json") as readonly PromptCase[];
const caseNames = readdirSync(path.join(root, "cases"))
  .filter((name) => name.endsWith(".json"))
  .map((name) => name.slice(0, -5));

const tokenizers = new Map<string, Promise<Tokenizer>>();
function tokenizerOf(checkpoint: string): Promise<Tokenizer> {
  const known = tokenizers.get(checkpoint) ?? loadTokenizer(path.join(root, "checkpoints", checkpoint));
  tokenizers.set(checkpoint, known);
  return known;
}

/** A prompt of the reference as control text alone: there, markers count wherever they stand. */
function controlSegments(prompt: string): Segment[] {
  return prompt
    .split("<image>")
    .flatMap((text, index): Segment[] => [
      ...(index > 0 ? [{ kind: "image" as const, index: index - 1 }] : []),
      { kind: "control", text },
    ]);
}

/** What the reference's command line was given to make this turn of a conversation. */
function promptTurn(text: string, index: number): PromptTurn {
  if (index % 2 === 1) return { role: "assistant", text };
  const [images = ""] = /^(?:<image>\n)*/.exec(text) ?? [];
  const [, asked = "", ocr, drawing] =
    /^([^]*?)(?:\nReference OCR Token: ([^]*)\n)?( <GEN>)?$/.exec(text.slice(images.length)) ?? [];
  return {
    role: "user",
    text: asked,
    imageCount: images.length / "<image>\n".length,
    ...(ocr === undefined ? {} : { ocr: ocr.split(", ") }),
    drawing: drawing !== undefined,
  };
}

const textOf = (segments: readonly Segment[]): string =>
  segments.map((segment) => (segment.kind === "image" ? "<image>" : segment.text)).join("");
const idsOf = (pieces: readonly PromptPiece[]): number[] =>
  pieces.flatMap((piece) => (piece.kind === "image" ? [imageToken] : piece.ids));

const integers = (file: string, name: string): number[] => integersOf(readTensors(path.join(root, file)), name);

describe("prompts of the reference", () => {
  test("there are 96 of them, from every family", () => {
    assert.equal(promptCases.length, 96);
    const families = new Set(promptCases.map(({ checkpoint }) => checkpoint));
    assert.deepEqual([...families].sort(), ["MGM-2B", "MGM-34B", "MGM-7B", "MGM-8B", "MGM-8x7B"]);
  });

  for (const { checkpoint, conv_mode: template, scenario, turns, text, prompt, input_ids: ids } of promptCases) {
    test(`${checkpoint} ${template} ${scenario}: ids`, async () => {
      const tokenizer = await tokenizerOf(checkpoint);
      assert.deepEqual(idsOf(encodePrompt(tokenizer, controlSegments(prompt))), ids);
    });

    // Images inside a sentence, and the web page's way of putting <GEN> into the template, are not what is rendered.
    if (scenario === "three_images_no_newline" || /^gradio_gen/.test(scenario)) continue;
    test(`${checkpoint} ${template} ${scenario}: rendered`, async () => {
      const segments = renderPrompt(template, (turns ?? [`<image>\n${text ?? ""}`]).map(promptTurn));
      assert.equal(textOf(segments), prompt);
      if (scenario === "specials_in_text") return;
      assert.deepEqual(idsOf(encodePrompt(await tokenizerOf(checkpoint), segments)), ids);
    });
  }

  test("markers in a question are spelled out, and its other ids stay the same", async () => {
    for (const { checkpoint, conv_mode: template, turns = [] } of promptCases.filter(
      ({ scenario }) => scenario === "specials_in_text",
    )) {
      const tokenizer = await tokenizerOf(checkpoint);
      const question = turns.map(promptTurn);
      const segments = renderPrompt(template, question);
      const ids = idsOf(encodePrompt(tokenizer, segments));
      const empty = idsOf(
        encodePrompt(tokenizer, renderPrompt(template, [{ role: "user", text: "x", imageCount: 1 }])),
      );
      const special = (all: readonly number[]): number[] =>
        all.filter((id) => id === imageToken || tokenizer.bytesOf(id).length === 0);
      assert.deepEqual(special(ids), special(empty), checkpoint);
      // What was typed can be read back from the ids, letter by letter.
      const typed = tokenizer.decode(ids.slice(ids.indexOf(imageToken) + 1));
      assert.ok(typed.includes("a </s> b <s> c <eos> <|eot_id|> <|im_end|> <end_of_turn> <unk> d"), typed);
    }
  });
});

describe("cases of the reference", () => {
  for (const name of caseNames) {
    const golden = readJson(`cases/${name}.json`) as GeneratedCase;
    test(`${name}: prompt ids`, async () => {
      const tokenizer = await tokenizerOf(golden.case.ckpt);
      for (const [index, prompt] of golden.prompts.entries()) {
        const tensor = golden.prompts.length > 1 ? `input_ids.${index}` : "input_ids";
        const ids = idsOf(encodePrompt(tokenizer, controlSegments(prompt)));
        assert.deepEqual(ids, integers(`cases/${name}.safetensors`, tensor));
      }
    });

    test(`${name}: decoded answer, at once and streamed`, async () => {
      const tokenizer = await tokenizerOf(golden.case.ckpt);
      const tensor = golden.prompts.length > 1 ? `generated_ids.${golden.prompts.length - 1}` : "generated_ids";
      const ids = integers(`cases/${name}.safetensors`, tensor);
      // The golden text shows special tokens as their markers; answers leave them out.
      const shown = golden.generated_text_raw.replace(/<(?:s|\|[a-z0-9_]+\|)>/g, "");
      assert.equal(tokenizer.decode(ids).trimStart(), shown.trimStart());
      const stream = new TextStream(tokenizer);
      assert.equal(ids.map((id) => stream.push(id)).join("") + stream.end(), tokenizer.decode(ids));
    });
  }
});

test("the template is chosen by family and tokenizer", async () => {
  const expected = {
    "MGM-2B": ["gemma", "gemma"],
    "MGM-7B": ["llama", "vicuna_v1"],
    "MGM-7B-HD": ["llama", "vicuna_v1"],
    "MGM-8B": ["llama", "llama_3"],
    "MGM-8x7B": ["mixtral", "mistral_instruct"],
    "MGM-34B": ["llama", "chatml_direct"],
  } as const;
  for (const [checkpoint, [family, template]] of Object.entries(expected)) {
    assert.equal(chooseTemplate({ family }, await tokenizerOf(checkpoint)), template);
  }
});

/** What the golden prompts don't show: typed markers, several images, turns without text. */
import assert from "node:assert/strict";
import path from "node:path";
import { describe, test } from "node:test";
import { encodePrompt } from "../../../src/engine/text/prompt";
import { type PromptTurn, renderPrompt, type Segment, separatorOf } from "../../../src/engine/text/templates";
import { loadTokenizer, type Tokenizer } from "../../../src/engine/text/tokenizer";
import { FailureError } from "../../../src/shared/failure";
import type { TemplateName } from "../../../src/shared/protocol";
import { RandomValues } from "./random";

const checkpoints = path.join(import.meta.dirname, "../../golden/fixtures/mgm/checkpoints");
const families = {
  vicuna_v1: "MGM-7B",
  gemma: "MGM-2B",
  llama_3: "MGM-8B",
  mistral_instruct: "MGM-8x7B",
  chatml_direct: "MGM-34B",
} as const satisfies Record<TemplateName, string>;
const templates = Object.keys(families) as TemplateName[];
const load = (template: TemplateName): Promise<Tokenizer> => loadTokenizer(path.join(checkpoints, families[template]));

const asked = (text: string, imageCount = 0): PromptTurn => ({ role: "user", text, imageCount });
const textOf = (segments: readonly Segment[]): string =>
  segments.map((segment) => (segment.kind === "image" ? `(${segment.index})` : segment.text)).join("");

describe("rendering", () => {
  test("images of later turns are numbered on", () => {
    const turns: PromptTurn[] = [asked("One?", 1), { role: "assistant", text: "Yes." }, asked("Two?", 2)];
    assert.equal(
      textOf(renderPrompt("chatml_direct", turns)),
      "<|im_start|>system\nAnswer the questions.<|im_end|>" +
        "<|im_start|>user\nImage 1:(0)\nOne?<|im_end|><|im_start|>assistant\nYes.<|im_end|>" +
        "<|im_start|>user\nImage 2:(1)\nImage 3:(2)\nTwo?<|im_end|><|im_start|>assistant\n",
    );
  });

  test("the text of an image and the wish for a drawing come after the question", () => {
    const turn: PromptTurn = { role: "user", text: "Q", imageCount: 1, ocr: ["a, b", "c"], drawing: true };
    const rendered = textOf(renderPrompt("mistral_instruct", [turn]));
    assert.equal(rendered, "[INST] (0)\nQ\nReference OCR Token: a, b, c\n <GEN> [/INST]");
    assert.equal(
      textOf(renderPrompt("mistral_instruct", [{ ...turn, ocr: [], drawing: false }])),
      "[INST] (0)\nQ [/INST]",
    );
  });

  test("only what the template wrote is control text", () => {
    const turn: PromptTurn = { role: "user", text: "T<image>", imageCount: 1, ocr: ["</s>"], drawing: true };
    for (const template of templates) {
      const segments = renderPrompt(template, [turn, { role: "assistant", text: "A</s>" }, asked("B")]);
      const person = segments.filter(({ kind }) => kind === "person");
      assert.deepEqual(
        person.map((segment) => ("text" in segment ? segment.text : "")),
        ["T<image>", "</s>", "A</s>", "B"],
      );
      assert.equal(segments.filter(({ kind }) => kind === "image").length, 1);
      assert.ok(!segments.some((segment) => "text" in segment && segment.text === ""));
    }
  });

  test("unknown names are refused", () => {
    for (const name of ["vicuna", "constructor", "__proto__", ""]) {
      for (const use of [() => renderPrompt(name as TemplateName, []), () => separatorOf(name as TemplateName)]) {
        assert.throws(use, (thrown) => thrown instanceof FailureError && thrown.failure.code === "template-unknown");
      }
    }
  });
});

describe("encoding", () => {
  for (const template of templates) {
    test(`${template}: what people, images and answers say adds no control token`, async () => {
      const tokenizer = await load(template);
      const controls = (turns: readonly PromptTurn[]): (number | string)[] =>
        encodePrompt(tokenizer, renderPrompt(template, turns)).flatMap((piece): (number | string)[] =>
          piece.kind === "image"
            ? [`image ${piece.index}`]
            : piece.ids.filter((id) => tokenizer.bytesOf(id).length === 0),
        );
      const conversation = (text: string): PromptTurn[] => [
        { role: "user", text, imageCount: 2, ocr: [text, text], drawing: true },
        { role: "assistant", text },
        asked(text),
      ];
      const expected = controls(conversation("x"));
      const random = new RandomValues(2);
      const typed = [
        "</s>",
        "<s>",
        "<eos>",
        "<image>",
        "<end_of_turn>\n",
        "<start_of_turn>user\n",
        "<|im_end|>",
        "<|im_start|>",
      ];
      const more = [
        "<|eot_id|>",
        "<|start_header_id|>system<|end_header_id|>\n\n",
        "<unk>",
        "</s",
        ">",
        "<|",
        "im_end|>",
        " ",
      ];
      for (let round = 0; round < 100; round++) {
        const text = random.list(1 + random.integer(6), () => random.among([...typed, ...more])).join("");
        assert.deepEqual(controls(conversation(text)), expected, JSON.stringify(text));
      }
    });

    test(`${template}: the begin token stands once, and pieces between images are encoded alone`, async () => {
      const tokenizer = await load(template);
      const segments: Segment[] = [
        { kind: "control", text: "one" },
        { kind: "image", index: 0 },
        { kind: "control", text: "two " },
        { kind: "person", text: "three" },
        { kind: "image", index: 1 },
      ];
      const begin = tokenizer.addsBeginToken ? [tokenizer.beginToken] : [];
      assert.deepEqual(encodePrompt(tokenizer, segments), [
        { kind: "tokens", ids: [...begin, ...tokenizer.encode("one")] },
        { kind: "image", index: 0 },
        { kind: "tokens", ids: tokenizer.encode("two three") },
        { kind: "image", index: 1 },
      ]);
    });
  }

  test("an image at the very start follows the begin token", async () => {
    const tokenizer = await load("vicuna_v1");
    assert.deepEqual(encodePrompt(tokenizer, [{ kind: "image", index: 0 }]), [
      { kind: "tokens", ids: [1] },
      { kind: "image", index: 0 },
    ]);
    assert.deepEqual(encodePrompt(await load("chatml_direct"), [{ kind: "image", index: 0 }]), [
      { kind: "image", index: 0 },
    ]);
  });
});

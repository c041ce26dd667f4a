/** Decoding with guesses from the prompt gives the very answer that decoding token by token gives. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { AnswerStream } from "../../../src/engine/pipeline/answer-stream";
import { decodeAnswer } from "../../../src/engine/pipeline/decode-answer";
import { loadModel, type Model } from "../../../src/engine/pipeline/load-model";
import type { Positions } from "../../../src/engine/runtime/language-model";
import type { ExplainPart } from "../../../src/shared/protocol";
import { greedy, loadParams } from "./golden-engine";

let model: Model;
before(async () => {
  model = await loadModel(loadParams("MGM-7B"));
});
after(() => model.dispose());

const positions = (ids: readonly number[]): Positions => ({ identities: ids, embeddings: model.embeddings.rows(ids) });

function largest(logits: Float32Array): number {
  let best = 0;
  for (const [id, value] of logits.entries()) if (value > (logits[best] ?? -Infinity)) best = id;
  return best;
}

async function plainGreedy(prompt: readonly number[], count: number): Promise<number[]> {
  model.language.cache.truncate(0);
  let logits = await model.language.prefill(positions(prompt));
  const ids: number[] = [];
  while (ids.length < count) {
    const id = largest(logits);
    if (model.tokenizer.endTokens.includes(id)) break;
    ids.push(id);
    logits = (await model.language.run(positions([id])))[0] ?? logits;
  }
  return ids;
}

describe("guesses from the prompt", () => {
  for (const [name, text] of [
    ["on repeated text", "error in line 12 of main.ts ".repeat(12)],
    ["on text without repetition", "Why is the sky blue in the morning?"],
  ] as const) {
    test(`change nothing ${name}`, async () => {
      const prompt = model.tokenizer.encode(text, { plain: true });
      const expected = await plainGreedy(prompt, 120);
      model.language.cache.truncate(0);
      const logits = await model.language.prefill(positions(prompt));
      const pushed: number[] = [];
      const answer = new AnswerStream(model.tokenizer, [], () => undefined);
      const push = answer.push.bind(answer);
      answer.push = (token) => {
        pushed.push(token);
        return push(token);
      };
      let runs = 0;
      const run = model.language.run.bind(model.language);
      model.language.run = (some, rows) => {
        runs++;
        return run(some, rows);
      };
      try {
        const options = { sampling: { ...greedy, maxTokens: 120 }, history: prompt, answer, signal: undefined };
        const { tokens } = await decodeAnswer(model, logits, options);
        assert.deepEqual(pushed, expected);
        assert.equal(tokens, expected.length);
        // A tiny random model soon repeats itself, so guesses are accepted: fewer runs than tokens.
        assert.ok(runs < tokens, `${runs} runs for ${tokens} tokens`);
        // What is in the cache is the answer's: all of it, or all but a last token that has not been run.
        const behind = prompt.length + tokens - model.language.cache.length;
        assert.ok(behind === 0 || behind === 1, String(behind));
      } finally {
        Reflect.deleteProperty(model.language, "run");
      }
    });
  }
});

test("an image prompt in the answer comes as a part of its own", () => {
  const parts: ExplainPart[] = [];
  const answer = new AnswerStream(model.tokenizer, ["</s>"], (part) => parts.push(part));
  for (const id of model.tokenizer.encode("Here it is. <h>a red fox in snow</h> Enjoy!</s> more", { plain: true })) {
    if (answer.push(id)) break;
  }
  answer.end();
  assert.deepEqual(
    parts.flatMap((part) => (part.kind === "image-prompt" ? [part.prompt] : [])),
    ["a red fox in snow"],
  );
  assert.deepEqual(answer.imagePrompts, ["a red fox in snow"]);
  assert.match(answer.text, /^Here it is\.\s+Enjoy!$/);
  assert.ok(parts.every((part) => part.kind !== "text" || !/[<>]/.test(part.text)));
});

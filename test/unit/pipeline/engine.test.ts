/** The engine's behaviour, on the tiny golden checkpoints: what is streamed, cached, cancelled, given back. */
import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, describe, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import type { Failure, FailureError } from "../../../src/shared/failure";
import { ask, golden, greedy, image, stagesOf, TestEngine } from "./golden-engine";

const failsWith =
  (code: Failure["code"]) =>
  (thrown: unknown): boolean => {
    assert.equal((thrown as FailureError).failure.code, code);
    return true;
  };

const picture = image("landscape_320x240.png");
const engine = new TestEngine();
after(() => engine.unload());

describe("an answer", () => {
  test("before a model is loaded is a failure", async () => {
    await assert.rejects(new TestEngine().explain([ask("x", picture)]), failsWith("model-not-loaded"));
  });

  test("streams stages, what was taken in, and text", async () => {
    const loaded = await engine.load("MGM-2B");
    assert.equal(loaded.visualTokensPerImage, 64);
    const { result, parts } = await engine.explain([ask("What is shown in this picture?", picture)]);
    assert.deepEqual(stagesOf(parts), ["decoding", "looking", "looking-closely", "thinking", "writing"]);
    const [seen] = parts.filter((part) => part.kind === "image");
    assert.deepEqual(seen, { kind: "image", index: 0, width: 320, height: 240, visualTokens: 64, ocr: [] });
    const streamed = parts.flatMap((part) => (part.kind === "text" ? [part.text] : [])).join("");
    assert.equal(streamed.trim(), result.text);
    assert.deepEqual([result.tokens, result.promptTokens, result.visualTokens], [8, 92, 64]);
    assert.equal(result.stopped, "length");
    assert.ok(parts.some((part) => part.kind === "notice" && part.notice.code === "answer-cut"));
    assert.ok(result.timings.encode > 0 && result.timings.total >= result.timings.decode);
  });

  test("without a question or an image is a failure", async () => {
    await assert.rejects(engine.explain([ask("  ")]), failsWith("prompt-empty"));
    await assert.rejects(engine.explain([]), failsWith("prompt-empty"));
  });

  test("to a question longer than the context is a failure that tells both lengths", async () => {
    await assert.rejects(engine.explain([ask("word ".repeat(20_000), picture)]), (thrown: unknown) => {
      const { failure } = thrown as FailureError;
      assert.ok(failure.code === "prompt-too-long" && failure.tokens > failure.limit);
      return true;
    });
  });

  test("reads the text of the image where that is asked for, and tells the model", async () => {
    const file = path.join(import.meta.dirname, "../ocr/fixtures/heading.png");
    const heading = { name: "heading.png", data: { kind: "file", file } } as const;
    const without = await engine.explain([ask("What is shown?", heading)]);
    const { result, parts } = await engine.explain([ask("What is shown?", heading)], { ocr: true });
    const [seen] = parts.filter((part) => part.kind === "image");
    assert.ok(seen !== undefined && seen.ocr.length > 0);
    assert.ok(result.promptTokens > without.result.promptTokens);
    // Read once: the second time nothing but the cache is asked.
    const again = await engine.explain([ask("And again?", heading)], { ocr: true });
    assert.ok(again.result.timings.ocr < Math.max(5, result.timings.ocr / 5), String(again.result.timings.ocr));
  });
});

describe("caches", () => {
  test("a follow-up runs only what is new", async () => {
    const first = await engine.explain([ask("What is shown in this picture?", picture)]);
    const { result } = await engine.explain([
      ask("What is shown in this picture?", picture),
      { role: "assistant", text: first.result.text },
      ask("How many objects are on the table?"),
    ]);
    // All of the first prompt; the answer's ids may differ where its text is cut anew.
    assert.ok(result.cachedTokens >= first.result.promptTokens, `${result.cachedTokens} of ${result.promptTokens}`);
    assert.ok(result.promptTokens > result.cachedTokens);
  });

  test("an answer from the cache is the answer without it", async () => {
    const turns = [
      ask("What is shown in this picture?", picture),
      { role: "assistant", text: "A cat." } as const,
      ask("Where?"),
    ];
    const cached = await engine.explain(turns);
    assert.ok(cached.result.cachedTokens > 0);
    const fresh = new TestEngine();
    await fresh.load("MGM-2B");
    const { result } = await fresh.explain(turns);
    await fresh.unload();
    assert.equal(result.cachedTokens, 0);
    assert.equal(cached.result.text, result.text);
  });

  test("the same image under another name and as bytes runs no encoder", async () => {
    await engine.explain([ask("What is shown in this picture?", picture)]);
    const folder = mkdtempSync(path.join(os.tmpdir(), "mini-gemini-copy-"));
    try {
      const copy = path.join(folder, "copy.png");
      copyFileSync(path.join(golden, "images/landscape_320x240.png"), copy);
      const sources = [
        { name: "copy.png", data: { kind: "file", file: copy } },
        { name: "pasted", data: { kind: "bytes", bytes: new Uint8Array(readFileSync(copy)) } },
      ] as const;
      for (const source of sources) {
        const { result, parts } = await engine.explain([ask("Something else?", source)]);
        assert.equal(result.timings.encode, 0);
        assert.deepEqual(stagesOf(parts), ["decoding", "thinking", "writing"]);
        assert.equal(result.visualTokens, 64);
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test("a part of an image is another image", async () => {
    await engine.explain([ask("What is shown in this picture?", picture)]);
    const crop = { left: 10, top: 10, width: 100, height: 80 };
    const { result, parts } = await engine.explain([ask("What is shown in this picture?", { ...picture, crop })]);
    assert.ok(result.timings.encode > 0);
    assert.ok(parts.some((part) => part.kind === "image" && part.width === 100 && part.height === 80));
  });
});

describe("several images", () => {
  test("are numbered and each taken in", async () => {
    const { result, parts } = await engine.explain([
      ask("How many objects are on the table?", image("rgba_301x187.png"), image("gray_90x61.png")),
    ]);
    // The reference's prompt for this very question (case 2b-two-images) has 168 positions.
    assert.deepEqual([result.promptTokens, result.visualTokens], [168, 128]);
    assert.deepEqual(
      parts.flatMap((part) => (part.kind === "image" ? [part.index] : [])),
      [0, 1],
    );
  });
});

describe("cancelling", () => {
  test("while the answer is written ends it within a token", async () => {
    const controller = new AbortController();
    let texts = 0;
    const answer = engine.explain(
      [ask("What is shown in this picture?", picture)],
      { sampling: { ...greedy, maxTokens: 500 } },
      {
        signal: controller.signal,
        onPart: ({ kind }) => {
          if (kind !== "text") return;
          texts++;
          controller.abort();
        },
      },
    );
    await assert.rejects(answer, failsWith("cancelled"));
    // Guesses that were right arrive with the token that was asked for.
    assert.ok(texts <= 8, `${texts} texts after the first`);
  });

  test("while the prompt is read ends it between two chunks, and what was read serves the next", async () => {
    const controller = new AbortController();
    const question = [ask("word ".repeat(250), image("square_256.png"))];
    const progress: number[] = [];
    const answer = engine.explain(
      question,
      {},
      {
        signal: controller.signal,
        onPart: (part) => {
          if (part.kind !== "stage" || part.stage !== "thinking") return;
          progress.push(part.done / part.total);
          controller.abort();
        },
      },
    );
    await assert.rejects(answer, failsWith("cancelled"));
    assert.equal(progress.length, 1);
    assert.ok((progress[0] ?? 1) < 1, "the whole prompt was read in one run");
    const { result } = await engine.explain(question);
    assert.ok(result.cachedTokens >= 16, String(result.cachedTokens));
  });

  test("before its turn comes leaves the one before it alone", async () => {
    const controller = new AbortController();
    const before = engine.explain([ask("What is shown in this picture?", picture)]);
    const waiting = engine.explain([ask("x", picture)], {}, { signal: controller.signal });
    controller.abort();
    await assert.rejects(waiting, failsWith("cancelled"));
    assert.equal((await before).result.tokens, 8);
  });
});

describe("a model", () => {
  test("with high definition takes five times the visual tokens", async () => {
    const own = new TestEngine();
    const loaded = await own.load("MGM-7B-HD-small");
    assert.equal(loaded.visualTokensPerImage, 5 * 64);
    const { result } = await own.explain([ask("What is shown in this picture?", image("rgba_301x187.png"))]);
    assert.deepEqual([result.visualTokens, result.promptTokens], [320, 432]);
    await own.unload();
  });

  test("loaded again with the same settings is kept, with others replaced; status tells", async () => {
    const own = new TestEngine();
    assert.equal((await own.status()).state, "empty");
    const loaded = await own.load("MGM-2B");
    assert.equal(await own.load("MGM-2B"), loaded);
    const status = await own.status();
    assert.deepEqual([status.state, status.model?.name], ["ready", "MGM-2B"]);
    assert.ok(status.rssBytes > 50 * 2 ** 20 && status.peakRssBytes >= status.rssBytes * 0.5);
    await own.load("MGM-7B-HD-small");
    assert.equal((await own.status()).model?.name, "MGM-7B-HD-small");
    await own.unload();
    assert.deepEqual([(await own.status()).state, (await own.status()).model], ["empty", null]);
  });

  test("is given back when idle", async () => {
    const own = new TestEngine();
    await own.load("MGM-2B", { idleUnloadSeconds: 0.2 });
    const { result } = await own.explain([ask("x", picture)]);
    assert.equal(result.tokens, 8);
    for (let waited = 0; (await own.status()).state !== "empty" && waited < 100; waited++) await wait(100);
    assert.equal((await own.status()).state, "empty");
    await assert.rejects(own.explain([ask("x", picture)]), failsWith("model-not-loaded"));
  });

  test("asked for on a device that is not there runs on the CPU, and says so once", async () => {
    const own = new TestEngine();
    const loaded = await own.load("MGM-2B", { device: process.platform === "darwin" ? "directml" : "coreml" });
    assert.equal(loaded.device, "cpu");
    assert.deepEqual(
      loaded.notices.map(({ code }) => code),
      ["device-fell-back"],
    );
    const { result } = await own.explain([ask("What is shown in this picture?", picture)]);
    assert.equal(result.tokens, 8);
    await own.unload();
  });

  test("answers in int8 and int4 too", async () => {
    for (const precision of ["int8", "int4"] as const) {
      const own = new TestEngine();
      const loaded = await own.load("MGM-7B-HD-small", { precision });
      assert.equal(loaded.precision, precision);
      const { result } = await own.explain([ask("What is shown in this picture?", picture)]);
      assert.equal(result.tokens, 8);
      await own.unload();
    }
  });
});

/** Tokenizer files as they are published, and as they should never be. */
import assert from "node:assert/strict";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { loadTokenizer } from "../../../src/engine/text/tokenizer";
import { type Failure, FailureError } from "../../../src/shared/failure";
import { RandomValues } from "./random";

const checkpoints = path.join(import.meta.dirname, "../../golden/fixtures/mgm/checkpoints");
const names = ["MGM-2B", "MGM-7B", "MGM-8B", "MGM-8x7B", "MGM-34B"] as const;
const folderOf = (name: string): string => path.join(checkpoints, name);
const smallFiles = [
  "config.json",
  "generation_config.json",
  "special_tokens_map.json",
  "tokenizer.json",
  "tokenizer.model",
  "tokenizer_config.json",
];

let root = "";
before(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), "tokenizer-"));
});
after(async () => {
  await rm(root, { recursive: true });
});

/** A copy of a checkpoint's tokenizer with one file in other bytes; without it where they are undefined. */
async function changed(name: string, file: string, bytes: Uint8Array | string | undefined): Promise<string> {
  const folder = await mkdtemp(path.join(root, "folder-"));
  for (const small of smallFiles) {
    await cp(path.join(folderOf(name), small), path.join(folder, small)).catch((thrown: unknown) => {
      if (!(thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT")) throw thrown;
    });
  }
  const target = path.join(folder, file);
  if (bytes === undefined) await rm(target);
  else await writeFile(target, bytes);
  return folder;
}

/** The failure of loading a folder; undefined where it loads. */
async function failureOf(folder: string): Promise<Failure["code"] | undefined> {
  try {
    const tokenizer = await loadTokenizer(folder);
    // What loads must work, however odd the file.
    tokenizer.decode(tokenizer.encode("a quick check </s>"));
    return undefined;
  } catch (thrown) {
    if (thrown instanceof FailureError) return thrown.failure.code;
    throw thrown;
  }
}

describe("published tokenizers", () => {
  const facts = {
    "MGM-2B": { vocabularySize: 660, beginToken: 2, addsBeginToken: true, endTokens: [1, 10] },
    "MGM-7B": { vocabularySize: 640, beginToken: 1, addsBeginToken: true, endTokens: [2] },
    "MGM-8B": { vocabularySize: 710, beginToken: 700, addsBeginToken: true, endTokens: [701, 709] },
    "MGM-8x7B": { vocabularySize: 620, beginToken: 1, addsBeginToken: true, endTokens: [2] },
    "MGM-34B": { vocabularySize: 600, beginToken: 1, addsBeginToken: false, endTokens: [7] },
  } as const;
  for (const [name, expected] of Object.entries(facts)) {
    test(name, async () => {
      const { vocabularySize, beginToken, addsBeginToken, endTokens } = await loadTokenizer(folderOf(name));
      assert.deepEqual({ vocabularySize, beginToken, addsBeginToken, endTokens }, expected);
    });
  }

  test("generation_config.json adds end tokens", async () => {
    const folder = await changed("MGM-7B", "generation_config.json", '{"eos_token_id": [2, 300]}');
    assert.deepEqual((await loadTokenizer(folder)).endTokens, [2, 300]);
  });

  test("the files beside are not needed for a SentencePiece model", async () => {
    const folder = await mkdtemp(path.join(root, "bare-"));
    await cp(path.join(folderOf("MGM-7B"), "tokenizer.model"), path.join(folder, "tokenizer.model"));
    const tokenizer = await loadTokenizer(folder);
    assert.deepEqual(tokenizer.endTokens, [2]);
    assert.equal(tokenizer.decode(tokenizer.encode("plain words")), "plain words");
  });
});

describe("text from outside", () => {
  const markers = [
    "</s>",
    "<s>",
    "<unk>",
    "<image>",
    "<eos>",
    "<bos>",
    "<start_of_turn>",
    "<|im_start|>",
    "<|im_end|>",
  ];
  const more = ["<|eot_id|>", "<|start_header_id|>", "<|begin_of_text|>", "<|startoftext|>", "[INST]", "<0x0A>", "▁"];
  for (const name of names) {
    test(`${name}: markers are spelled out`, async () => {
      const tokenizer = await loadTokenizer(folderOf(name));
      const random = new RandomValues(9);
      for (let round = 0; round < 300; round++) {
        // A letter in front: transformers' decoding takes one leading space away even where encoding put none.
        const text =
          "a" + random.list(1 + random.integer(8), () => random.among([...markers, ...more, " ", "a", "\n"])).join("");
        const ids = tokenizer.encode(text, { plain: true });
        for (const id of ids) assert.ok(tokenizer.bytesOf(id).length > 0, `${text}: ${id}`);
        for (const marker of markers) {
          const token = tokenizer.tokenOf(marker);
          assert.ok(token === undefined || !ids.includes(token), `${marker} in ${text}`);
        }
        if (!text.includes("▁")) assert.equal(tokenizer.decode(ids), text);
      }
    });

    test(`${name}: markers count where they are not plain`, async () => {
      const tokenizer = await loadTokenizer(folderOf(name));
      const known = [...markers, ...more].filter((marker) => tokenizer.tokenOf(marker) !== undefined);
      assert.ok(known.length > 0);
      for (const marker of known) assert.deepEqual(tokenizer.encode(marker), [tokenizer.tokenOf(marker)]);
    });

    test(`${name}: lone surrogates and control characters`, async () => {
      const tokenizer = await loadTokenizer(folderOf(name));
      for (const [text, read] of [
        ["a\uD800b", "a\uFFFDb"],
        ["a\uDFFFb\uDFFF1\uDFFF", "a\uFFFDb\uFFFD1\uFFFD"],
        ["\uDFFF2\uDFFF", "\uFFFD2\uFFFD"],
        ["a\u0000\u0001\u001B[31m\u007F\u0085\u200B\u202E", "a\u0000\u0001\u001B[31m\u007F\u0085\u200B\u202E"],
        ["", ""],
      ] as const) {
        for (const plain of [true, false]) {
          const ids = tokenizer.encode(text, { plain });
          assert.equal(tokenizer.decode(ids), read);
          assert.ok(ids.every((id) => Number.isInteger(id) && id >= 0 && id < tokenizer.vocabularySize));
        }
      }
    });

    test(`${name}: a megabyte in bounded time`, async () => {
      const tokenizer = await loadTokenizer(folderOf(name));
      for (const unit of ["=", "</s>"]) {
        const start = performance.now();
        const ids = tokenizer.encode(unit.repeat(1_000_000 / unit.length), { plain: true });
        const seconds = (performance.now() - start) / 1000;
        assert.ok(ids.length > 0 && seconds < 20, `${JSON.stringify(unit)}: ${seconds} s`);
      }
    });
  }
});

describe("long words are merged like short ones", () => {
  // The library merges words below 256 characters, this project longer ones: a text of both must not show a seam.
  for (const name of ["MGM-2B", "MGM-8x7B", "MGM-8B"] as const) {
    test(name, async () => {
      const tokenizer = await loadTokenizer(folderOf(name));
      for (const letter of ["=", "-", "_", "a", "e"]) {
        const short = tokenizer.encode(letter.repeat(192), { plain: true });
        const long = tokenizer.encode(letter.repeat(192 * 4), { plain: true });
        const whole = tokenizer.decode(short.slice(-1)).length;
        assert.equal(tokenizer.decode(long), letter.repeat(192 * 4));
        assert.equal(tokenizer.decode(long.slice(-1)).length, whole, letter);
        assert.ok(Math.abs(long.length - short.length * 4) <= 4, `${letter}: ${short.length}, ${long.length}`);
      }
    });
  }
});

describe("files that are no tokenizer", () => {
  test("neither file", async () => {
    const folder = await changed("MGM-7B", "tokenizer.model", undefined);
    assert.equal(await failureOf(folder), "tokenizer-missing");
    assert.equal(await failureOf(path.join(root, "nowhere")), "tokenizer-missing");
  });

  const garbage: Readonly<Record<string, Uint8Array | string>> = {
    empty: "",
    zeros: new Uint8Array(4096),
    ones: new Uint8Array(4096).fill(255),
    text: "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 499723\n",
    null: "null",
    list: "[]",
    object: "{}",
    "no vocabulary": '{"model": {"type": "BPE", "vocab": {}, "merges": []}, "decoder": {"type": "ByteLevel"}}',
    "another model": '{"model": {"type": "WordPiece", "vocab": {"a": 0}}, "decoder": {"type": "WordPiece"}}',
    "ids that are no ids":
      '{"model": {"type": "BPE", "vocab": {"a": -1}, "merges": []}, "decoder": {"type": "ByteLevel"}}',
    "an absurd id": '{"model": {"type": "BPE", "vocab": {"a": 1e15}, "merges": []}, "decoder": {"type": "ByteLevel"}}',
    "deeply nested": "[".repeat(100_000),
    "a length beyond the end": Uint8Array.of(0x0a, 0xff, 0xff, 0xff, 0xff, 0x07, 0x0a, 0x01, 0x61),
  };
  for (const [what, bytes] of Object.entries(garbage)) {
    test(what, async () => {
      assert.equal(await failureOf(await changed("MGM-7B", "tokenizer.model", bytes)), "tokenizer-invalid");
      assert.equal(await failureOf(await changed("MGM-8B", "tokenizer.json", bytes)), "tokenizer-invalid");
    });
  }

  test("cut at any place", async () => {
    for (const [name, file] of [
      ["MGM-7B", "tokenizer.model"],
      ["MGM-8B", "tokenizer.json"],
    ] as const) {
      const bytes = await readFile(path.join(folderOf(name), file));
      const random = new RandomValues(4);
      for (let round = 0; round < 25; round++) {
        const length = random.integer(bytes.length - 200);
        const code = await failureOf(await changed(name, file, bytes.subarray(0, length)));
        assert.equal(code, "tokenizer-invalid", `${file}, ${length} of ${bytes.length} bytes`);
      }
    }
  });

  test("changed bytes give a tokenizer or a typed failure, never a crash", async () => {
    for (const [name, file] of [
      ["MGM-7B", "tokenizer.model"],
      ["MGM-8B", "tokenizer.json"],
      ["MGM-2B", "tokenizer_config.json"],
      ["MGM-7B", "special_tokens_map.json"],
    ] as const) {
      const original = await readFile(path.join(folderOf(name), file));
      const random = new RandomValues(6);
      let refused = 0;
      for (let round = 0; round < 40; round++) {
        const bytes = Uint8Array.from(original);
        for (let change = 0; change < 1 + random.integer(8); change++) {
          bytes[random.integer(bytes.length)] = random.integer(256);
        }
        const code = await failureOf(await changed(name, file, bytes));
        assert.ok(code === undefined || code === "tokenizer-invalid", String(code));
        if (code !== undefined) refused++;
      }
      assert.ok(refused > 0, file);
    }
  });

  test("fields of the wrong kind beside it", async () => {
    for (const config of [
      '{"added_tokens_decoder": {"x": {"content": "<x>"}}}',
      '{"added_tokens_decoder": {"5": {"content": 3}}}',
      '{"added_tokens_decoder": {"99999999999": {"content": "<x>", "special": true}}}',
      "not json",
    ]) {
      assert.equal(
        await failureOf(await changed("MGM-7B", "tokenizer_config.json", config)),
        "tokenizer-invalid",
        config,
      );
    }
  });
});

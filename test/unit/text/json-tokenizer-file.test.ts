/** A tokenizer.json from anywhere: it must neither turn typed markers into control tokens nor take time or memory. */
import assert from "node:assert/strict";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { FailureError } from "../../../src/shared/failure";
import { loadTokenizer } from "../../../src/engine/text/tokenizer";

const checkpoints = path.join(import.meta.dirname, "../../golden/fixtures/mgm/checkpoints");

interface Json {
  model: { vocab: Record<string, number>; merges: string[] };
  normalizer: unknown;
  pre_tokenizer: unknown;
}

let root = "";
before(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), "tokenizer-"));
});
after(async () => {
  await rm(root, { recursive: true });
});

/** A folder with a published tokenizer.json, changed. */
async function changed(checkpoint: string, change: (json: Json) => void): Promise<string> {
  const folder = await mkdtemp(path.join(root, "folder-"));
  for (const name of ["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "config.json"]) {
    await cp(path.join(checkpoints, checkpoint, name), path.join(folder, name));
  }
  const file = path.join(folder, "tokenizer.json");
  const json = JSON.parse(await readFile(file, "utf8")) as Json;
  change(json);
  await writeFile(file, JSON.stringify(json));
  return folder;
}

/** Merges by which the characters of a marker become one token, as converters write them. */
function spellOut({ model }: Json, marker: string): void {
  const characters = Array.from(marker);
  const merges: string[] = [];
  let next = Math.max(...Object.values(model.vocab)) + 1;
  for (const character of characters) model.vocab[character] ??= next++;
  characters.reduce((left, right) => {
    merges.push(`${left} ${right}`);
    model.vocab[left + right] ??= next++;
    return left + right;
  });
  model.merges.unshift(...merges);
}

for (const [checkpoint, marker] of [
  ["MGM-8x7B", "</s>"],
  ["MGM-2B", "<end_of_turn>"],
] as const) {
  test(`merges that spell ${marker} do not make it a token`, async () => {
    const model = await loadTokenizer(
      await changed(checkpoint, (json) => {
        spellOut(json, marker);
      }),
    );
    const token = model.tokenOf(marker);
    assert.ok(token !== undefined);
    for (const text of [marker, `x${marker}y`, `x ${marker}`, marker + marker]) {
      const ids = model.encode(text, { plain: true });
      assert.ok(!ids.includes(token), text);
      assert.equal(model.decode(ids), text);
    }
    assert.ok(model.encode(marker).includes(token), "the template's own markers still count");
  });
}

const bytes = { type: "ByteLevel", add_prefix_space: false, use_regex: false };
const slow = { type: "Split", pattern: { Regex: "(a+)+$" }, behavior: "Isolated", invert: false };
const hostile: Readonly<Record<string, (json: Json) => void>> = {
  "bytes spelled again and again": (json) => {
    json.pre_tokenizer = { type: "Sequence", pretokenizers: Array.from({ length: 16 }, () => bytes) };
  },
  "a pattern without end": (json) => {
    json.pre_tokenizer = slow;
  },
  "such a pattern behind many steps": (json) => {
    json.pre_tokenizer = { type: "Sequence", pretokenizers: [...Array.from({ length: 16 }, () => bytes), slow] };
  },
  "such a pattern beside a decoy": (json) => {
    json.pre_tokenizer = { type: "Sequence", normalizers: [], pretokenizers: [slow] };
  },
  "a letter that becomes a book": (json) => {
    json.normalizer = { type: "Replace", pattern: { String: "a" }, content: "x".repeat(100_000) };
  },
  "sequences within sequences": (json) => {
    json.pre_tokenizer = { type: "Sequence", pretokenizers: [{ type: "Sequence", pretokenizers: [bytes] }] };
  },
};
for (const [name, change] of Object.entries(hostile)) {
  test(`refused: ${name}`, async () => {
    const folder = await changed("MGM-8B", change);
    await assert.rejects(
      () => loadTokenizer(folder),
      (thrown) => thrown instanceof FailureError && thrown.failure.code === "tokenizer-invalid",
    );
  });
}

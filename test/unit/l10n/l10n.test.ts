/** Every string a person can see exists in English, Chinese and Japanese, with the same places for facts. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { failureTexts } from "../../../src/shared/failure-text";
import { tasks } from "../../../src/extension/task-wording";
import { usedStrings } from "./used-strings";

const root = path.join(import.meta.dirname, "../../..");
const languages = ["zh-cn", "ja"];

const readJson = (file: string): Record<string, string> =>
  JSON.parse(readFileSync(path.join(root, file), "utf8")) as Record<string, string>;

const { strings, computed } = usedStrings(path.join(root, "src/extension"));
const failures = Object.values(failureTexts).flatMap(({ message, advice }) => [message, advice]);
const asked = Object.values(tasks).map(({ text }) => text);
const used = new Set([...strings, ...failures, ...asked].filter((text) => text !== ""));
const manifest = readFileSync(path.join(root, "package.json"), "utf8");
const placeholders = (text: string): string[] => (text.match(/\{\w+\}|\$\([\w~-]+\)|command:[\w.]+/g) ?? []).sort();
const without = (all: Iterable<string>, those: object): string[] =>
  [...all].filter((text) => !Object.hasOwn(those, text));

describe("strings of the extension host", () => {
  const english = readJson("l10n/bundle.l10n.json");

  it("are literals, but for the wording of failures and of questions", () => {
    const known = ["failure-message.ts: message", "failure-message.ts: advice", "tasks.ts: tasks[task].text"];
    assert.deepEqual(computed, known);
  });

  it("are all listed, and no others", () => {
    assert.deepEqual(without(used, english), [], "add these to l10n/bundle.l10n*.json");
    assert.deepEqual(
      Object.keys(english).filter((text) => !used.has(text)),
      [],
      "nothing uses these: remove them from l10n/bundle.l10n*.json",
    );
    for (const [text, same] of Object.entries(english)) assert.equal(same, text);
  });

  for (const language of languages) {
    it(`are translated (${language}), facts and icons included`, () => {
      const bundle = readJson(`l10n/bundle.l10n.${language}.json`);
      assert.deepEqual(Object.keys(bundle), Object.keys(english));
      for (const [text, translated] of Object.entries(bundle)) {
        assert.deepEqual(placeholders(translated), placeholders(text), text);
      }
    });
  }
});

describe("strings of the manifest", () => {
  const english = readJson("package.nls.json");
  const named = new Set([...manifest.matchAll(/"%([\w.]+)%"/g)].map(([, name]) => name ?? ""));

  it("are all there, and no others", () => {
    assert.deepEqual(without(named, english), [], "add these to package.nls*.json");
    assert.deepEqual(
      Object.keys(english).filter((name) => !named.has(name)),
      [],
      "nothing uses these: remove them from package.nls*.json",
    );
  });

  for (const language of languages) {
    it(`are translated (${language})`, () => {
      const translated = readJson(`package.nls.${language}.json`);
      assert.deepEqual(Object.keys(translated).sort(), Object.keys(english).sort());
      for (const [name, text] of Object.entries(english)) {
        assert.deepEqual(placeholders(translated[name] ?? ""), placeholders(text), name);
      }
    });
  }
});

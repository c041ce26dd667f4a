/** The list of known errors: every entry is found in what people's screens show, and no text makes the search long. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, describe, test } from "node:test";
import { type KnownErrorEntry, KnownErrors } from "../../../src/engine/text/known-errors";
import type { FailureError } from "../../../src/shared/failure";

const listFile = path.join(import.meta.dirname, "../../../media/known-errors.json");
const readJson = (file: string): unknown => JSON.parse(readFileSync(file, "utf8"));
const entries = readJson(listFile) as readonly KnownErrorEntry[];
const examples = readJson(path.join(import.meta.dirname, "known-errors.examples.json")) as readonly {
  readonly name: string;
  readonly texts: readonly string[];
}[];
const ordinary = readJson(path.join(import.meta.dirname, "known-errors.ordinary.json")) as readonly {
  readonly what: string;
  readonly text: string;
}[];
/** Text as the recogniser reads it: lines cut or run together, signs confused or lost. */
const recognised = readJson(path.join(import.meta.dirname, "known-errors.read.json")) as readonly {
  readonly text: string;
  readonly name: string;
  readonly groups: Readonly<Record<string, string>>;
}[];
const list = new KnownErrors(entries);
const firstOf = (text: string): string | undefined => list.find(text.split("\n"))[0]?.name;
const folder = mkdtempSync(path.join(os.tmpdir(), "mini-gemini-known-errors-"));
after(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe("every entry", () => {
  test("has a name of its own and examples", () => {
    assert.deepEqual(
      examples.filter(({ texts }) => texts.length > 0).map(({ name }) => name),
      entries.map(({ name }) => name),
    );
    assert.equal(new Set(entries.map(({ name }) => name)).size, entries.length);
  });

  test("is the first that is found in its examples, without their spaces, and with signs confused", () => {
    for (const { name, texts } of examples) {
      for (const text of texts) {
        for (const read of [text, text.replaceAll(" ", ""), text.replaceAll("0", "O").replaceAll("l", "1")]) {
          assert.equal(firstOf(read), name, read);
        }
        assert.equal(firstOf(text.replaceAll("'", "’").replaceAll('"', "“").replaceAll(":", "：")), name, text);
      }
    }
  });

  test("repeats within bounds and uses what JavaScript and Python share", () => {
    for (const { name, pattern } of entries) {
      const bare = pattern.replace(/\\.|\[(?:\\.|[^\]\\])*\]/g, "");
      assert.doesNotMatch(bare, /[*+.]|\{\d+,\}|\(\?<?!|\(\?<=/, name);
      assert.doesNotMatch(pattern, /\\[sSpPuxkB\d]|\[\^\]/, name);
    }
  });

  test("fills its sentences from groups of its own pattern", () => {
    for (const { name, pattern, cause, fix } of entries) {
      const groups = [...pattern.matchAll(/\(\?<(\w+)>/g)].map(([, group]) => group);
      for (const [, group] of `${cause} ${fix}`.matchAll(/\{(\w+)\|/g)) assert.ok(groups.includes(group), name);
      assert.ok(cause.endsWith(".") && fix.endsWith("."), name);
      assert.doesNotMatch(`${cause} ${fix}`, /\{\w+\|(?:\}|[^}]*\{)/, name);
    }
  });
});

test("ordinary text has no error, with and without its spaces", () => {
  for (const { what, text } of ordinary) {
    for (const read of [text, text.replaceAll(" ", "")]) assert.equal(firstOf(read), undefined, what);
  }
});

test("recognised text has the error with its values, as in Python", () => {
  for (const { text, name, groups } of recognised) {
    const [found] = list.find(text.split("\n"));
    assert.equal(found?.name, name, text);
    const told = `${found.cause} ${found.fix}`.replaceAll(/[\\\u200b]/g, "");
    for (const value of Object.values(groups)) assert.ok(told.includes(value), `${value}: ${told}`);
  }
});

describe("what is told", () => {
  test("has the values of the text, and reads well without them", () => {
    const [found] = list.find(["Error: Cannot find module 'express'"]);
    assert.equal(found?.cause, "Node.js found no module express: it is not installed, or the path is wrong.");
    assert.match(found.fix, /`npm install express`/);
    const [bare] = list.find(["code: 'MODULE_NOT_FOUND'"]);
    assert.equal(bare?.cause, "Node.js found no module of that name: it is not installed, or the path is wrong.");
  });

  test("can be nothing but text, and short", () => {
    const hostile = new KnownErrors([
      {
        name: "test",
        tool: "test",
        pattern: "x(?<value>[^\\n]{1,200})",
        cause: "Of {value|a}.",
        fix: "Do `b {value|c}`.",
      },
    ]);
    const [found] = hostile.find(["x![p](http://evil) `<b>` *y*"]);
    assert.equal(found?.cause, "Of !\\[p\\](http:\u200b//evil) '\\<b\\>' \\*y\\*.");
    assert.equal(found.fix, "Do `b ![p](http://evil) '<b>' *y*`.");
    assert.equal(hostile.find([`x${"y".repeat(300)}`])[0]?.fix.length, "Do `b `.".length + 80);
  });

  test("is two errors at most, of different places, and a general one only alone", () => {
    const names = (...lines: string[]): string[] => list.find(lines).map(({ name }) => name);
    const port = "Error: listen EADDRINUSE: address already in use :::3000";
    const module = "ModuleNotFoundError: No module named 'flask'";
    assert.deepEqual(names(port, module, "CUDA out of memory"), [
      "Port already in use (EADDRINUSE)",
      "CUDA out of memory",
    ]);
    assert.deepEqual(names(module, "[nodemon] app crashed"), ["Python module not found (ModuleNotFoundError)"]);
    assert.deepEqual(names("[nodemon] app crashed"), ["nodemon app crashed"]);
    assert.deepEqual(names("All 12 tests passed.", "Done in 3 s"), []);
  });
});

test("a full screen of ordinary text is searched in a moment", () => {
  const lines = ordinary
    .map(({ text }) => text)
    .join("\n")
    .repeat(3)
    .slice(0, 20_000)
    .split("\n");
  const times = Array.from({ length: 5 }, () => {
    const started = process.cpuUsage();
    list.find(lines);
    return process.cpuUsage(started).user / 1000;
  });
  assert.ok(Math.min(...times) < 150, times.map(Math.round).join(" "));
});

test("hostile text is searched in bounded time", () => {
  const texts = [
    " ".repeat(100_000),
    "'".repeat(100_000),
    "a".repeat(100_000),
    "error: ".repeat(14_000),
    "Cannot find module '".repeat(5_000),
    "\n".repeat(100_000),
    "0l".repeat(50_000),
    "pandas KeyError ".repeat(6_000),
    // One sign of this becomes eighteen.
    "\ufdfa".repeat(100_000),
  ];
  for (const text of texts) {
    const started = process.cpuUsage();
    list.find(text.split("\n"));
    const taken = process.cpuUsage(started).user / 1000;
    assert.ok(taken < 1000, `${Math.round(taken)} ms for ${JSON.stringify(text.slice(0, 20))}`);
  }
});

test("a file that is no such list is named in the failure", async () => {
  for (const [index, text] of [
    "{",
    "[]",
    '[{"name":"x"}]',
    '[{"name":"test","tool":"t","pattern":"(((","cause":"0123456789","fix":"0123456789"}]',
  ].entries()) {
    const file = path.join(folder, `${index}.json`);
    writeFileSync(file, text);
    await assert.rejects(KnownErrors.read(file), (thrown: unknown) => {
      const { failure } = thrown as FailureError;
      return failure.code === "file-unreadable" && failure.file === file && failure.reason !== "";
    });
  }
  assert.ok((await KnownErrors.read(listFile)).find(["CUDA out of memory"]).length === 1);
});

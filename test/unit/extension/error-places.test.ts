import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { commonEnd, findPlaces } from "../../../src/extension/assist/error-places";

const places = (text: string): string[] => findPlaces(text).map(({ path, line }) => `${path}:${line}`);

describe("places in errors", () => {
  // Lines as the tools themselves write them.
  const cases: readonly (readonly [string, string, readonly string[]])[] = [
    ["Node", "    at parse (/home/me/app/src/parser.ts:42:13)", ["/home/me/app/src/parser.ts:42"]],
    ["Python", '  File "app/models/user.py", line 7, in save', ["app/models/user.py:7"]],
    ["tsc", "src/index.ts(3,14): error TS2322: Type 'string'", ["src/index.ts:3"]],
    ["tsc, pretty", "src/index.ts:3:14 - error TS2322", ["src/index.ts:3"]],
    ["Rust", "  --> src/main.rs:4:5", ["src/main.rs:4"]],
    ["Go", "./main.go:12:2: undefined: foo", ["./main.go:12"]],
    ["Java", "\tat com.example.Main.main(Main.java:15)", ["Main.java:15"]],
    ["C#", "Program.cs(10,5): error CS1002: ; expected", ["Program.cs:10"]],
    ["GCC", "lib/x.c:101:9: error: expected ';'", ["lib/x.c:101"]],
    ["PHP", "Fatal error: Uncaught Error in web/index.php on line 20", ["web/index.php:20"]],
    ["Windows", "at C:\\work\\app\\src\\a.js:5:1", ["C:/work/app/src/a.js:5"]],
    ["a space read after the colon", "src/a.ts: 12:5", ["src/a.ts:12"]],
    ["twice the same", "a.ts:1 a.ts:1 b.ts:2", ["a.ts:1", "b.ts:2"]],
    ["nothing of the kind", "Error: 404 at 10:30, see https://example.org:8080/", []],
  ];
  for (const [name, text, expected] of cases) {
    it(name, () => {
      assert.deepEqual(places(text), expected);
    });
  }

  it("takes bounded time on hostile text", () => {
    const started = performance.now();
    findPlaces("a/".repeat(200_000) + "a.".repeat(100_000));
    findPlaces(`File "${"x".repeat(300_000)}`);
    findPlaces(`${"a".repeat(399)}\n`.repeat(20_000));
    assert.ok(performance.now() - started < 2000);
  });

  it("counts path components in common from the end", () => {
    assert.equal(commonEnd("src/a.ts", "/w/src/a.ts"), 2);
    assert.equal(commonEnd("lib/a.ts", "/w/src/a.ts"), 1);
    assert.equal(commonEnd("a.ts", "/w/a.ts"), 1);
  });
});

/** Files that several windows write. */
import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { alone, replaceFile, stampOf } from "../../../src/extension/shared-file";

describe("a file that several windows write", () => {
  let folder = "";
  const file = (): string => path.join(folder, "deep", "list.json");

  before(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), "mini-gemini-shared-"));
  });
  after(() => rm(folder, { recursive: true }));

  it("is made with its folder, and tells its states apart, even of one size in one moment", async () => {
    assert.equal(await stampOf(file()), undefined);
    await replaceFile(file(), "1");
    const first = await stampOf(file());
    await replaceFile(file(), "2");
    assert.notEqual(await stampOf(file()), first);
    assert.equal(await readFile(file(), "utf8"), "2");
    assert.deepEqual(await readdir(path.dirname(file())), ["list.json"]);
  });

  it("is changed by one at a time: nothing that any of them adds is lost", async () => {
    await replaceFile(file(), "[]");
    const add = (value: number): Promise<void> =>
      alone(file(), async () => {
        const list = JSON.parse(await readFile(file(), "utf8")) as number[];
        await delay(3);
        await replaceFile(file(), JSON.stringify([...list, value]));
      });
    await Promise.all(Array.from({ length: 20 }, (_, value) => add(value)));
    const list = JSON.parse(await readFile(file(), "utf8")) as number[];
    assert.deepEqual(
      list.sort((a, b) => a - b),
      Array.from({ length: 20 }, (_, value) => value),
    );
    assert.deepEqual(await readdir(path.dirname(file())), ["list.json"]);
  });

  it("is given back after a failure, and taken from who ended without giving it back", async () => {
    await assert.rejects(
      alone(file(), () => Promise.reject(new Error("no"))),
      /no/,
    );
    await writeFile(`${file()}.lock`, "");
    const longAgo = new Date(Date.now() - 60_000);
    await utimes(`${file()}.lock`, longAgo, longAgo);
    assert.equal(await alone(file(), () => Promise.resolve("done")), "done");
  });
});

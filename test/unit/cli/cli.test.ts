/** The command line as it is started: what it prints, what it writes, how it fails. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, describe, test } from "node:test";
import { integersOf, readTensors } from "../../golden/tensors";

const project = path.join(import.meta.dirname, "../../..");
const golden = path.join(project, "test/golden/fixtures/mgm");
const scratch = mkdtempSync(path.join(os.tmpdir(), "mini-gemini-cli-"));
after(() => {
  rmSync(scratch, { recursive: true, force: true });
});

const picture = path.join(golden, "images/square_256.png");
const model = ["--model", path.join(golden, "checkpoints/MGM-2B"), "--encoders", path.join(golden, "encoders")];
const prepared = ["--prepared", path.join(scratch, "prepared"), "--threads", "1"];

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** @param afterFirst closes standard output once something has come from it. */
function run(args: readonly string[], { afterFirst = false } = {}): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [path.join(project, "dist/cli.js"), ...args], { cwd: scratch });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (data: Buffer) => {
      stdout += data.toString("utf8");
      if (afterFirst) child.stdout.destroy();
    });
    child.stderr.on("data", (data: Buffer) => (stderr += data.toString("utf8")));
    child.on("error", reject);
    child.on("close", (status) => {
      resolve({ status, stdout, stderr });
    });
  });
}

describe("explain", () => {
  test("streams the text; --json gives all figures as the last line", async () => {
    const args = ["--ask", "What is shown?", "--precision", "f32", "--max-tokens", "6", "--temperature", "0", "--json"];
    const { status, stdout, stderr } = await run(["explain", picture, ...model, ...prepared, ...args]);
    assert.equal(status, 0, stderr);
    const lines = stdout.trimEnd().split("\n");
    const json = JSON.parse(lines.at(-1) ?? "") as Record<string, unknown>;
    const fields = ["text", "tokens", "promptTokens", "visualTokens", "ocr", "timings", "decodeTokensPerSecond"];
    for (const field of [...fields, "model", "precision", "device", "peakRssMiB"]) assert.ok(field in json, field);
    const timings = Object.keys(json["timings"] as object).sort();
    assert.deepEqual(timings, ["decode", "encode", "load", "ocr", "prefill", "preprocess", "total"]);
    assert.deepEqual([json["model"], json["precision"], json["device"]], ["MGM-2B", "f32", "cpu"]);
    assert.deepEqual([json["tokens"], json["visualTokens"]], [6, 64]);
    // The recogniser reads what the golden image says.
    assert.match(JSON.stringify(json["ocr"]), /HELLO/);
    assert.equal(lines.slice(0, -1).join("\n").trim(), json["text"]);
  });

  test("--no-ocr reads no text; --template and --seed are taken", async () => {
    const args = [
      "--no-ocr",
      "--template",
      "vicuna_v1",
      "--seed",
      "7",
      "--temperature",
      "1",
      "--max-tokens",
      "4",
      "--json",
    ];
    const runs = await Promise.all(
      [1, 2].map(() => run(["explain", picture, ...model, ...prepared, "--precision", "int8", ...args])),
    );
    const [first, second] = runs.map(
      ({ stdout }) => JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "") as { text: string; ocr: unknown[] },
    );
    assert.deepEqual(first?.ocr, []);
    assert.equal(first.text, second?.text, "the same seed gives the same answer");
  });

  test("ends quietly where nobody reads on", async () => {
    const args = ["explain", picture, ...model, ...prepared, "--precision", "f32", "--max-tokens", "400", "--no-ocr"];
    const { status, stderr } = await run(args, { afterFirst: true });
    assert.equal(status, 0);
    assert.doesNotMatch(stderr, /EPIPE|at /);
  });
});

describe("dump", () => {
  test("writes the golden names, from given pixels", async () => {
    const out = path.join(scratch, "values.safetensors");
    const images = ["rgba_301x187.png", "gray_90x61.png"].map((name) => path.join(golden, "images", name));
    const pixels = [0, 1].flatMap((n) => ["--pixels", path.join(golden, "cases", `2b-two-images.hr_u8.${n}.png`)]);
    const ask = ["--ask", "How many objects are on the table?", "--max-tokens", "24"];
    const { status, stderr } = await run(["dump", ...images, ...ask, ...model, ...pixels, "--out", out]);
    assert.equal(status, 0, stderr);
    const found = readTensors(out);
    const expected = readTensors(path.join(golden, "cases/2b-two-images.safetensors"));
    for (const name of expected.keys()) assert.ok(found.has(name.replace(".sample", "")), name);
    assert.deepEqual(integersOf(found, "generated_ids"), integersOf(expected, "generated_ids"));
  });
});

describe("prepare and bench", () => {
  test("prepare tells where the prepared model is, and a second time is quick; explain takes that folder", async () => {
    const { stdout } = await run([
      "prepare",
      ...model.slice(1, 2),
      ...model.slice(2),
      ...prepared,
      "--precision",
      "int4",
    ]);
    const [folder = ""] = stdout.split("\n");
    assert.ok(existsSync(path.join(folder, "manifest.json")), stdout);
    const { status, stdout: text } = await run([
      "explain",
      picture,
      "--model",
      folder,
      "--max-tokens",
      "3",
      "--no-ocr",
      "--json",
    ]);
    assert.equal(status, 0);
    assert.equal((JSON.parse(text.trimEnd().split("\n").at(-1) ?? "") as { precision: string }).precision, "int4");
  });

  test("bench prints its figures", async () => {
    const { stdout } = await run(["bench", ...model.slice(1), ...prepared, "--precision", "int4"]);
    const figures = JSON.parse(stdout) as Record<string, number>;
    for (const field of [
      "loadMilliseconds",
      "encodeMilliseconds",
      "prefillTokensPerSecond",
      "decodeTokensPerSecond",
      "peakRssMiB",
    ]) {
      assert.ok((figures[field] ?? 0) > 0, field);
    }
  });
});

describe("bad input is one sentence, status 1, and nothing written", () => {
  const write = (name: string, content: string | Buffer): string => {
    const file = path.join(scratch, name);
    writeFileSync(file, content);
    return file;
  };
  const badModel = (name: string, config: string): string => {
    const folder = path.join(scratch, name);
    mkdirSync(folder);
    writeFileSync(path.join(folder, "config.json"), config);
    return folder;
  };
  /** The tiny checkpoint with some of its files changed. */
  const changed = (name: string, change: (folder: string) => void): readonly string[] => {
    const folder = path.join(scratch, name);
    cpSync(path.join(golden, "checkpoints/MGM-34B"), folder, { recursive: true });
    change(folder);
    return [picture, "--model", folder, "--encoders", path.join(golden, "encoders")];
  };
  const cases: readonly (readonly [name: string, args: () => readonly string[], message: RegExp])[] = [
    ["no image", () => [path.join(scratch, "none.png"), ...model], /There is no file .*none\.png/],
    ["an empty image", () => [write("empty.png", ""), ...model], /empty\.png is empty/],
    ["text named .png", () => [write("text.png", "hello there, no image"), ...model], /text\.png is not an image/],
    ["no model folder", () => [picture, "--model", path.join(scratch, "none")], /There is no folder/],
    ["no config", () => [picture, "--model", scratch], /There is no file .*config\.json/],
    ["a config that is no JSON", () => [picture, "--model", badModel("no-json", "{")], /config\.json/],
    [
      "an absurd config",
      () => [picture, "--model", badModel("absurd", '{"model_type":"mgm","hidden_size":1e12}')],
      /hidden_size/,
    ],
    [
      "another kind of model",
      () => [picture, "--model", badModel("bert", '{"model_type":"bert"}')],
      /not supported \(bert/,
    ],
    [
      "no tokenizer",
      () =>
        changed("no-tokenizer", (folder) => {
          for (const file of readdirSync(folder)) if (file.startsWith("tokenizer")) rmSync(path.join(folder, file));
        }),
      /no-tokenizer has no tokenizer files/,
    ],
    ["no encoders", () => [picture, ...model.slice(0, 2), "--encoders", scratch], /encoder .* was not found/],
  ];
  for (const [index, [name, argsOf, message]] of cases.entries()) {
    test(name, async () => {
      const args = argsOf();
      const home = path.join(scratch, `prepared-${index}`);
      const started = performance.now();
      const { status, stdout, stderr } = await run(["explain", ...args, "--prepared", home, "--threads", "1"]);
      assert.equal(status, 1, stderr);
      assert.match(stderr, message);
      assert.doesNotMatch(stderr, /\n\s+at /, "no stack");
      assert.equal(stdout, "");
      assert.ok(performance.now() - started < 60_000);
      assert.ok(!existsSync(home), "something was written");
    });
  }

  test("an unknown option", async () => {
    const { status, stderr } = await run(["explain", picture, "--sharpness", "9"]);
    assert.equal(status, 1);
    assert.match(stderr, /unknown option/);
  });
});

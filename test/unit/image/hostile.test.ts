/** Images that lie, break off or ask for too much: a typed failure, quickly, in bounded memory. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { deflateSync } from "node:zlib";
import sharp from "sharp";
import { decodeBytes, decodeFile, failureOfDecoding, fixture } from "./pictures";
import { greyPng, pngChunk } from "./png";

const mebibyte = 2 ** 20;

/** Runs work, which may take so long and so much more memory than the process ever held. */
async function within(limits: { milliseconds: number; bytes: number }, work: () => Promise<unknown>): Promise<void> {
  const peak = process.resourceUsage().maxRSS;
  const start = performance.now();
  await work();
  const milliseconds = performance.now() - start;
  const bytes = (process.resourceUsage().maxRSS - peak) * 1024;
  assert.ok(milliseconds < limits.milliseconds, `${milliseconds} ms`);
  assert.ok(bytes < limits.bytes, `${bytes / mebibyte} MiB`);
}

let folder = "";
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "hostile-"));
  // Loads the library, whose memory is none of any picture's.
  await decodeFile(fixture("rgb.png"));
});
after(() => rm(folder, { recursive: true }));

describe("sizes", () => {
  test("a picture of 50,000 × 50,000 pixels in a few kilobytes", async () => {
    const bomb = greyPng(50_000, 50_000, 100);
    assert.ok(bomb.length < 8192);
    await within({ milliseconds: 500, bytes: 32 * mebibyte }, async () => {
      const failure = await failureOfDecoding(decodeBytes(bomb));
      assert.deepEqual(failure, { code: "image-too-large", image: "picture", pixels: 2.5e9, limit: 1e8 });
    });
  });

  test("sizes that only the header claims", async () => {
    await within({ milliseconds: 2000, bytes: 128 * mebibyte }, async () => {
      assert.equal((await failureOfDecoding(decodeBytes(greyPng(9000, 9000, 3)))).code, "image-damaged");
    });
    const bitmap = readFileSync(fixture("rgb-24.bmp"));
    bitmap.writeInt32LE(9000, 18);
    assert.equal((await failureOfDecoding(decodeBytes(bitmap))).code, "image-damaged");
    bitmap.writeInt32LE(-2147483648, 22);
    assert.equal((await failureOfDecoding(decodeBytes(bitmap))).code, "image-too-large");
    const avif = await sharp(fixture("rgb.png")).avif().toBuffer();
    for (const at of indicesOf(avif, "ispe")) avif.writeUInt32BE(50_000, at + 8);
    for (const at of indicesOf(avif, "ispe")) avif.writeUInt32BE(50_000, at + 12);
    assert.equal((await failureOfDecoding(decodeBytes(avif))).code, "image-too-large");
  });

  test("a picture larger than its header claims", async () => {
    const picture = { width: 3000, height: 3000, channels: 3, background: "#123456" } as const;
    const avif = await sharp({ create: picture }).avif({ quality: 1, effort: 0 }).toBuffer();
    for (const at of indicesOf(avif, "ispe")) avif.writeUInt32BE(64, at + 8);
    for (const at of indicesOf(avif, "ispe")) avif.writeUInt32BE(64, at + 12);
    await within({ milliseconds: 500, bytes: 32 * mebibyte }, async () => {
      assert.equal((await failureOfDecoding(decodeBytes(avif))).code, "image-damaged");
    });
  });

  test("long thin pictures are read, up to a limit", async () => {
    for (const [width, height] of [
      [1, 10_000],
      [10_000, 1],
      [40_000, 2],
    ] as const) {
      const image = await decodeBytes(greyPng(width, height, height));
      assert.deepEqual([image.width, image.height, image.data.length], [width, height, width * height * 3]);
    }
    assert.equal((await failureOfDecoding(decodeBytes(greyPng(1, 40_001, 40_001)))).code, "image-too-large");
  });

  test("compressed text and colour profiles of half a gigabyte", async () => {
    const half = Buffer.concat([Buffer.from("name\0\0", "latin1"), deflateSync(Buffer.alloc(512 * mebibyte))]);
    for (const type of ["zTXt", "iCCP"]) {
      const picture = greyPng(2, 2, 2, [pngChunk(type, half)]);
      await within({ milliseconds: 1000, bytes: 64 * mebibyte }, async () => {
        assert.equal((await decodeBytes(picture)).width, 2);
      });
    }
  });

  test("files beyond the limit are not read", async () => {
    const file = path.join(folder, "huge.png");
    await writeFile(file, "");
    await truncate(file, 3 * 2 ** 40);
    await within({ milliseconds: 500, bytes: 16 * mebibyte }, async () => {
      const failure = await failureOfDecoding(decodeFile(file));
      assert.deepEqual(failure, { code: "file-too-large", file, bytes: 3 * 2 ** 40, limit: 64 * mebibyte });
    });
  });
});

describe("content", () => {
  test("nothing at all", async () => {
    assert.deepEqual(await failureOfDecoding(decodeBytes("")), { code: "image-empty", image: "picture" });
    const file = path.join(folder, "empty.png");
    await writeFile(file, "");
    assert.deepEqual(await failureOfDecoding(decodeFile(file)), { code: "image-empty", image: "empty.png" });
  });

  for (const name of [
    "rgb.png",
    "rgb.jpg",
    "rgb-progressive.jpg",
    "rgb.webp",
    "palette.gif",
    "rgb.tif",
    "rgb-24.bmp",
  ]) {
    test(`${name} cut off anywhere`, async () => {
      const bytes = readFileSync(fixture(name));
      const whole = await decodeBytes(bytes);
      let damaged = 0;
      for (let length = 1; length < bytes.length; length += Math.ceil(bytes.length / 60)) {
        const decoding = decodeBytes(bytes.subarray(0, length));
        const outcome = await decoding.catch(() => undefined);
        if (outcome !== undefined) {
          // Nothing was missing but what follows the pixels.
          assert.deepEqual(outcome.data, whole.data);
          assert.ok(length > bytes.length * 0.85, `${length} of ${bytes.length} bytes`);
          continue;
        }
        const failure = await failureOfDecoding(decoding);
        assert.ok(failure.code === "image-damaged" || (failure.code === "image-unsupported" && length < 16));
        if (failure.code === "image-damaged") damaged++;
      }
      assert.ok(damaged > 30);
    });
  }

  test("AVIF cut off anywhere", async () => {
    const bytes = await sharp(fixture("rgb.png")).avif().toBuffer();
    for (let length = 32; length < bytes.length; length += 9) {
      const failure = await failureOfDecoding(decodeBytes(bytes.subarray(0, length)));
      assert.equal(failure.code, "image-damaged");
    }
  });

  test("random damage ends in pixels or in a typed failure", async () => {
    let state = 1;
    const random = (below: number): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    const names = readdirSync(path.dirname(fixture("x"))).filter((name) => /\.(png|jpg|webp|gif|tif|bmp)$/.test(name));
    const outcomes = new Map<string, number>();
    for (let round = 0; round < 400; round++) {
      const bytes = readFileSync(fixture(names[round % names.length] ?? ""));
      for (let flips = 1 + random(8); flips > 0; flips--) bytes[4 + random(bytes.length - 4)] = random(256);
      const outcome = await decodeBytes(bytes).then(
        ({ data, width, height }) => {
          assert.equal(data.length, width * height * 3);
          return "decoded";
        },
        () => undefined,
      );
      const code = outcome ?? (await failureOfDecoding(decodeBytes(bytes))).code;
      outcomes.set(code, (outcomes.get(code) ?? 0) + 1);
    }
    const known = ["decoded", "image-damaged", "image-too-large", "image-unsupported"];
    assert.deepEqual(
      [...outcomes.keys()].filter((code) => !known.includes(code)),
      [],
    );
    assert.ok((outcomes.get("decoded") ?? 0) > 20 && (outcomes.get("image-damaged") ?? 0) > 20);
  });

  test("what is no image is called by its name", async () => {
    const contents: readonly (readonly [string | Buffer, string])[] = [
      ["<!doctype html><html><body><svg></svg></body></html>", "web page"],
      ["%PDF-1.7\n", "PDF"],
      ["Dear reader, this is no picture.", "text"],
      ["P6\n2 2\n255\n123456789012", "text"],
      [Buffer.from("0000001866747970686569630000000068656963", "hex"), "HEIC"],
      [Buffer.from("000000186674797069736f6d0000000069736f6d", "hex"), "video"],
      [Buffer.from("504b030414000000", "hex"), "zip archive"],
      [Buffer.from("deadbeef00112233", "hex"), "bytes deadbeef"],
      [Buffer.from("1f8b0800", "hex"), "bytes 1f8b0800"],
    ];
    for (const [bytes, found] of contents) {
      const failure = await failureOfDecoding(decodeBytes(bytes));
      assert.deepEqual(failure, { code: "image-unsupported", image: "picture", found });
    }
  });

  test("bitmaps with impossible headers", async () => {
    const bitmap = readFileSync(fixture("rgb-24.bmp"));
    const depth = Buffer.from(bitmap);
    depth.writeUInt16LE(7, 28);
    const changed = (at: number, value: number): Buffer => {
      const copy = Buffer.from(bitmap);
      copy.writeUInt32LE(value, at);
      return copy;
    };
    for (const [picture, code] of [
      [changed(14, 7), "image-damaged"],
      [changed(14, 0xffffffff), "image-damaged"],
      [changed(18, 0), "image-damaged"],
      [changed(18, 0xffffffff), "image-damaged"],
      [changed(22, 0), "image-damaged"],
      [changed(10, 0xffffff00), "image-damaged"],
      [changed(30, 1), "image-unsupported"],
      [depth, "image-unsupported"],
    ] as const) {
      assert.equal((await failureOfDecoding(decodeBytes(picture))).code, code);
    }
  });

  test("crops that cover nothing", async () => {
    const bytes = readFileSync(fixture("rgb.png"));
    for (const crop of [
      { left: 32, top: 0, width: 5, height: 5 },
      { left: -10, top: -10, width: 5, height: 5 },
      { left: 3, top: 3, width: 0, height: 5 },
      { left: 3, top: 3, width: -2, height: 5 },
      { left: Number.NaN, top: 3, width: 2, height: 5 },
      { left: Number.NEGATIVE_INFINITY, top: 0, width: Number.POSITIVE_INFINITY, height: 5 },
    ]) {
      const failure = await failureOfDecoding(decodeBytes(bytes, crop));
      assert.deepEqual(failure, { code: "image-crop-outside", image: "picture", width: 32, height: 24 });
    }
  });
});

describe("files", () => {
  test("missing ones", async () => {
    for (const file of [path.join(folder, "none.png"), path.join(fixture("rgb.png"), "inside.png")]) {
      assert.deepEqual(await failureOfDecoding(decodeFile(file)), { code: "file-missing", file });
    }
  });

  test("folders", async () => {
    const file = path.join(folder, "folder.png");
    await mkdir(file);
    assert.equal((await failureOfDecoding(decodeFile(file))).code, "file-unreadable");
  });

  test("pipes that nobody writes to", { skip: process.platform === "win32" }, async () => {
    const file = path.join(folder, "pipe.png");
    execFileSync("mkfifo", [file]);
    await within({ milliseconds: 500, bytes: 16 * mebibyte }, async () => {
      assert.equal((await failureOfDecoding(decodeFile(file))).code, "file-unreadable");
    });
  });

  test("names that no file can have", async () => {
    const failure = await failureOfDecoding(decodeFile(path.join(folder, "a\0b.png")));
    assert.equal(failure.code, "file-unreadable");
    assert.equal((await failureOfDecoding(decodeFile(path.join(folder, "a".repeat(300))))).code, "file-unreadable");
  });
});

describe("cancelling", () => {
  test("before and during decoding", async () => {
    assert.equal((await failureOfDecoding(decodeFile(fixture("rgb.png"), AbortSignal.abort()))).code, "cancelled");
    const file = path.join(folder, "large.png");
    await writeFile(file, greyPng(9000, 9000, 9000));
    const aborting = new AbortController();
    const decoding = failureOfDecoding(decodeFile(file, aborting.signal));
    setTimeout(() => {
      aborting.abort();
    }, 50);
    const start = performance.now();
    assert.equal((await decoding).code, "cancelled");
    assert.ok(performance.now() - start < 250);
  });
});

function indicesOf(bytes: Buffer, text: string): number[] {
  const indices: number[] = [];
  for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 1)) indices.push(at);
  return indices;
}

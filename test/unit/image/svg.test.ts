/** Drawings: what they show, what they may not reach, and what they may not cost. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { packageRoot } from "../../../src/engine/platform/package-root";
import { assertNear, type Colour, decodeBytes, decodeFile, failureOfDecoding, fixture, pixelAt } from "./pictures";
import { greyPng } from "./png";

assert.ok(existsSync(path.join(packageRoot(), "dist/draw-svg.js")), "the build comes before these tests");

const size = 'width="40" height="30"';
const red: Colour = [255, 0, 0];
const white: Colour = [255, 255, 255];
const redHalf = '<rect width="20" height="30" fill="red"/>';

function svg(content: string, { attributes = size, before = "" } = {}): string {
  const namespaces = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"';
  return `${before}<svg ${namespaces} ${attributes}>${content}</svg>`;
}

async function assertRedHalf(bytes: string | Uint8Array): Promise<void> {
  const image = await decodeBytes(bytes);
  assert.deepEqual([image.width, image.height, image.data.length], [40, 30, 40 * 30 * 3]);
  assertNear(pixelAt(image, 10, 15), red, { within: 0, what: "left" });
  // Nothing is drawn there: on a page it is white.
  assertNear(pixelAt(image, 30, 15), white, { within: 0, what: "right" });
}

describe("drawings", () => {
  test("are drawn on white, plain and compressed", async () => {
    await assertRedHalf(svg(redHalf));
    await assertRedHalf(
      `\uFEFF${svg(redHalf, { before: '<?xml version="1.0" encoding="UTF-8"?>\n<!-- drawn -->\n' })}`,
    );
    await assertRedHalf(gzipSync(svg(redHalf)));
  });

  test("have the size of their view box where they say no other", async () => {
    const image = await decodeBytes(svg(redHalf, { attributes: 'viewBox="0 0 64 20"' }));
    assert.deepEqual([image.width, image.height], [64, 20]);
  });

  test("are cut by shares where whoever shows them gives them another size", async () => {
    // A browser shows this one 300 × 225 pixels large.
    const drawing = svg(redHalf, { attributes: 'viewBox="0 0 40 30"' });
    const part = await decodeBytes(drawing, {
      left: 75,
      top: 0,
      width: 150,
      height: 75,
      of: { width: 300, height: 225 },
    });
    assert.deepEqual([part.width, part.height], [20, 10]);
    assertNear(pixelAt(part, 8, 5), red, { within: 0, what: "left" });
    assertNear(pixelAt(part, 12, 5), white, { within: 0, what: "right" });
  });

  test("may hold simple entities and pictures of their own", async () => {
    const before = '<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY colour "red">]>';
    await assertRedHalf(svg('<rect width="20" height="30" fill="&colour;"/>', { before }));
    const black = greyPng(2, 2, 2).toString("base64");
    const inside = `<image width="20" height="30" preserveAspectRatio="none" href="data:image/png;base64,${black}"/>`;
    assertNear(pixelAt(await decodeBytes(svg(inside)), 10, 15), [0, 0, 0], { within: 0, what: "inside" });
  });
});

describe("what drawings refer to", () => {
  test("is never fetched, and scripts do not run", async () => {
    let asked = 0;
    const server = createServer((_request, response) => {
      asked++;
      response.end(svg('<rect width="400" height="300"/>'));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const folder = await mkdtemp(path.join(tmpdir(), "svg-"));
    try {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const style = path.join(folder, "style.css");
      await writeFile(style, "rect { fill: blue } svg { background: blue }");
      const drawing = path.join(folder, "drawing.svg");
      for (const place of [url, `file://${fixture("rgb.png")}`, fixture("rgb.png"), `file://${style}`, "style.css"]) {
        const before = `<?xml-stylesheet href="${place}" type="text/css"?>`;
        const content = [
          `<image width="40" height="30" href="${place}"/>`,
          `<image width="40" height="30" xlink:href="${place}"/>`,
          `<use href="${place}#a"/>`,
          `<style>@import url("${place}");</style>`,
          `<filter id="f"><feImage href="${place}"/></filter><rect width="40" height="30" fill="none" filter="url(#f)"/>`,
          `<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="${place}" parse="xml"/>`,
          `<foreignObject width="40" height="30"><img xmlns="http://www.w3.org/1999/xhtml" src="${place}"/></foreignObject>`,
          `<script href="${place}"/><script>document.documentElement.innerHTML = "";</script>`,
        ];
        await writeFile(drawing, svg(content.join("") + redHalf, { before }));
        const image = await decodeFile(drawing);
        assertNear(pixelAt(image, 10, 15), red, { within: 0, what: place });
        assertNear(pixelAt(image, 30, 15), white, { within: 0, what: place });
      }
      assert.equal(asked, 0);
    } finally {
      server.close();
      await rm(folder, { recursive: true });
    }
  });

  test("is not read by entities", async () => {
    const before = `<!DOCTYPE svg [<!ENTITY file SYSTEM "file://${fixture("make.py")}">]>`;
    const content = '<text y="20" font-size="20">&file;</text>';
    const failure = await failureOfDecoding(decodeBytes(svg(content, { before })));
    assert.equal(failure.code, "image-damaged");
  });
});

describe("drawings that ask for too much", () => {
  for (const [name, attributes, pixels] of [
    ["a view box of 10⁹", 'viewBox="0 0 1000000000 1000000000"', 1e18],
    ["a width of 10⁹", 'width="1e9px" height="10"', 1e10],
    ["a page of 30,000", 'width="30000" height="30000"', 9e8],
  ] as const) {
    test(name, async () => {
      const failure = await failureOfDecoding(decodeBytes(svg("", { attributes })));
      assert.deepEqual(failure, { code: "image-too-large", image: "picture", pixels, limit: 25_000_000 });
    });
  }

  test("a size in units that only the library knows", async () => {
    const failure = await failureOfDecoding(decodeBytes(svg("", { attributes: 'width="900in" height="900in"' })));
    assert.equal(failure.code, "image-too-large");
  });

  test("entities of entities", async () => {
    const letters = "abcdefghij".match(/./g) ?? [];
    const entities = letters.slice(1).map((letter, i) => `<!ENTITY ${letter} "${`&${letters[i] ?? ""};`.repeat(10)}">`);
    const before = `<!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa">${entities.join("")}]>`;
    await assertDamaged(svg("<text>&j;</text>", { before }), 2000);
    const long = `<!DOCTYPE svg [<!ENTITY a "${"a".repeat(100_000)}">]>`;
    await assertDamaged(svg(`<text>${"&a;".repeat(20_000)}</text>`, { before: long }), 2000);
  });

  test("elements within elements, and uses of uses", async () => {
    await assertDamaged(svg("<g>".repeat(1e5) + "</g>".repeat(1e5)), 2000);
    const uses = Array.from({ length: 11 }, (_, i) => `<g id="u${i + 1}">${`<use href="#u${i}"/>`.repeat(10)}</g>`);
    await assertDamaged(
      svg(`<defs><rect id="u0" width="9" height="9"/>${uses.join("")}</defs><use href="#u11"/>`),
      15_000,
    );
  });

  test("hours of filters end in seconds", async () => {
    const filter = '<feGaussianBlur stdDeviation="900"/><feTurbulence baseFrequency="0.9" numOctaves="1000"/>';
    const rectangle = '<g filter="url(#f)"><rect width="4900" height="4900" fill="red"/></g>';
    const content = `<filter id="f">${filter}<feMorphology radius="500"/></filter><g filter="url(#f)">${rectangle.repeat(5)}</g>`;
    await assertDamaged(svg(content, { attributes: 'width="4900" height="4900"' }), 14_000);
  });

  test("gigabytes of layers end before they are there", async () => {
    const layers = Array.from({ length: 300 }, (_, i) => `<feFlood flood-color="#${i + 100}" result="r${i}"/>`);
    const merge = Array.from({ length: 300 }, (_, i) => `<feMergeNode in="r${i}"/>`);
    const filter = `<filter id="f">${layers.join("")}<feMerge>${merge.join("")}</feMerge></filter>`;
    const content = `${filter}<rect width="4900" height="4900" filter="url(#f)"/>`;
    await assertDamaged(svg(content, { attributes: 'width="4900" height="4900"' }), 14_000);
  });

  test("a compressed file that grows a thousandfold, and one that is cut off", async () => {
    const bomb = gzipSync(Buffer.concat([Buffer.from("<svg>"), Buffer.alloc(2 ** 26, " ")]));
    assert.equal((await failureOfDecoding(decodeBytes(bomb))).code, "image-unsupported");
    await assertDamaged(svg(redHalf).slice(0, -20), 2000);
  });

  test("drawing ends when it is cancelled", async () => {
    const filter = '<filter id="f"><feMorphology radius="500"/><feTurbulence numOctaves="1000"/></filter>';
    const content = `${filter}<rect width="4900" height="4900" filter="url(#f)"/>`.repeat(9);
    const folder = await mkdtemp(path.join(tmpdir(), "svg-"));
    try {
      const file = path.join(folder, "slow.svg");
      await writeFile(file, svg(content, { attributes: 'width="4900" height="4900"' }));
      const aborting = new AbortController();
      setTimeout(() => {
        aborting.abort();
      }, 400);
      const start = performance.now();
      assert.equal((await failureOfDecoding(decodeFile(file, aborting.signal))).code, "cancelled");
      assert.ok(performance.now() - start < 800);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

async function assertDamaged(text: string, milliseconds: number): Promise<void> {
  const start = performance.now();
  const failure = await failureOfDecoding(decodeBytes(text));
  assert.equal(failure.code, "image-damaged");
  assert.ok(performance.now() - start < milliseconds, `${performance.now() - start} ms`);
  assert.ok(process.resourceUsage().maxRSS < 400 * 1024, `${process.resourceUsage().maxRSS} KiB`);
}

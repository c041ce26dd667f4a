/** References to saved pictures: what a Markdown or HTML reader finds in them is the picture and its text. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import MarkdownIt from "markdown-it";
import { referenceText, relativePath, takesReference } from "../../../src/extension/illustrate/reference";

const size = { width: 512, height: 256 };

/** What a reader of Markdown makes of it. */
function readMarkdown(text: string): { source: string; alt: string; others: number } {
  const inline = new MarkdownIt().parseInline(text, {})[0]?.children ?? [];
  const image = inline.find(({ type }) => type === "image");
  return {
    source: decodeURIComponent(String(image?.attrGet("src") ?? "")),
    alt: (image?.children ?? []).map(({ content }) => content).join(""),
    others: inline.filter(({ type }) => type !== "image").length,
  };
}

describe("Markdown", () => {
  for (const [path, alt] of [
    ["images/a-red-rocket.png", "a red rocket"],
    ["../my images/owl (2).png", "an [owl] with ] and \\ and ![x](y)"],
    ["images/ロケット.png", "ロケット <b>"],
    ["a'b!c*d#e?f&g%20h.png", "`code` *stars* & more"],
    ["c:d.png", "two\nlines   here"],
  ] as const) {
    test(path, () => {
      const found = readMarkdown(referenceText("markdown", { path, alt, ...size }));
      assert.equal(found.others, 0);
      assert.equal(found.source, path);
      assert.equal(found.alt, alt.replaceAll("*", "").replace(/\s+/g, " ").replace("`code`", "`code`"));
    });
  }

  test("is written as people write it", () => {
    assert.equal(
      referenceText("markdown", { path: "images/ロケット 2.png", alt: "a rocket", ...size }),
      "![a rocket](images/ロケット%202.png)",
    );
  });
});

describe("HTML", () => {
  test("quotes, tags and braces are text", () => {
    assert.equal(
      referenceText("html", { path: 'a"b.png', alt: '"><script>{x}</script> & co', ...size }),
      '<img src="a%22b.png" alt="&quot;&gt;&lt;script&gt;&#123;x}&lt;/script&gt; &amp; co" width="512" height="256">',
    );
  });

  test("JSX wants its elements closed", () => {
    assert.match(referenceText("typescriptreact", { path: "a.png", alt: "a", ...size }), / \/>$/);
  });
});

describe("paths", () => {
  for (const [document, file, expected] of [
    ["/w/README.md", "/w/images/a.png", "images/a.png"],
    ["/w/docs/guide/a.md", "/w/images/a.png", "../../images/a.png"],
    ["/w/docs/a.md", "/w/docs/a.png", "a.png"],
    ["/w/docs/a.md", "/w/docs2/a.png", "../docs2/a.png"],
    ["/w/a.md", "/other/a.png", "../other/a.png"],
    ["/images/images/a.md", "/images/a.png", "../a.png"],
  ] as const) {
    test(`${document} → ${file}`, () => {
      assert.equal(relativePath(document, file), expected);
    });
  }
});

test("languages that take references", () => {
  assert.deepEqual(["markdown", "html", "vue", "python", "plaintext"].map(takesReference), [
    true,
    true,
    true,
    false,
    false,
  ]);
});

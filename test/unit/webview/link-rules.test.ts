/** Links of an answer: what can be opened, and what is shown of it. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import MarkdownIt from "markdown-it";
import { linkRules } from "../../../webview/link-rules";

const markdown = new MarkdownIt({ html: false }).use(linkRules);
const link = (target: string, text = target): string =>
  `<a role="link" tabindex="0" data-target="${target}" title="${target}">${text}</a>`;

describe("links of an answer", () => {
  it("show their real target beside another text, and carry no address of their own", () => {
    const html = markdown.renderInline("[your bank](https://evil.example/login)");
    assert.equal(
      html,
      `${link("https://evil.example/login", "your bank")} <span class="target">(https://evil.example/login)</span>`,
    );
    assert.doesNotMatch(html, /href/);
    assert.equal(markdown.renderInline("<https://example.org/a>"), link("https://example.org/a"));
  });

  it("show look-alike letters of a host as what they are", () => {
    assert.match(markdown.renderInline("[bank](https://bаnk.example)"), /\(https:\/\/xn--bnk-6cd\.example\)/);
  });

  for (const target of [
    "command:workbench.action.quit",
    "javascript:alert(1)",
    "vscode://extension/run",
    "data:text/html,x",
    "file:///etc/passwd",
    "/etc/passwd",
    "../../secret.txt",
    "a/../../secret.txt",
  ]) {
    it(`cannot be opened: ${target}`, () => {
      const html = markdown.renderInline(`[text](${target})`);
      assert.doesNotMatch(html, /<a/);
      assert.match(html, /^text <span class="target">\(.*\)<\/span>$/);
    });
  }

  it("are made of places in the workspace, in text and in code", () => {
    assert.equal(markdown.renderInline("See src/a.ts:12."), `See ${link("src/a.ts:12")}.`);
    assert.equal(markdown.renderInline("`src/a.ts:12:3`"), link("src/a.ts:12:3", "<code>src/a.ts:12:3</code>"));
    assert.equal(
      markdown.renderInline("[here](src/a.ts:12)"),
      `${link("src/a.ts:12", "here")} <span class="target">(src/a.ts:12)</span>`,
    );
  });

  for (const text of ["at 10:30", "version 1.2:3", "../up/a.ts:1", "/etc/hosts.conf:2", "localhost:8080"]) {
    it(`are not made of ${text}`, () => {
      assert.equal(markdown.renderInline(text), text);
    });
  }
});

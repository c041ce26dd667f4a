// Asking, and what comes back.
import assert from "node:assert/strict";

export const scenarios = [
  {
    name: "explains an image by right click: thumbnail, text read, highlighted code, table, formulas",
    run: async ({ chat, blocked }) => {
      await chat.choose("build-error.png", "Explain Image");
      const answer = chat.answers.first();
      await chat.ended(answer);
      await answer.locator(".katex").nth(2).waitFor();
      assert.match(await chat.questions.first().innerText(), /read 9 lines of text, 64 visual tokens/);
      assert.equal(await chat.questions.first().locator("img").count(), 1);
      assert.equal(await answer.locator(".code pre .hljs-keyword").first().innerText(), "export");
      assert.equal(await answer.locator(".table table td").first().innerText(), "TS2322");
      assert.match(await chat.view.locator(".starter").innerText(), /Starter model: small, can be wrong/);
      assert.deepEqual(blocked, []);
      await answer.locator(".diagram svg").waitFor();
      await chat.shot("explain");
    },
  },
  {
    name: "draws Mermaid in place, and shows it as text",
    run: async ({ chat }) => {
      const code = chat.answers
        .first()
        .locator(".code")
        .filter({ has: chat.view.locator(".diagram") });
      await code.locator(".diagram svg").waitFor();
      await code.scrollIntoViewIfNeeded();
      await chat.shot("diagram");
      await chat.button("Show as Text", code).click();
      assert.match(await code.locator("pre").innerText(), /graph LR/);
      assert.equal(await code.locator(".diagram").isVisible(), false);
      await chat.button("Show as Diagram", code).click();
      await code.locator(".diagram svg").waitFor();
    },
  },
  {
    name: "opens a place that an answer names",
    run: async ({ chat, page }) => {
      await chat.answers.first().locator('a[data-target="src/parser.ts:2"]').first().click();
      await page.locator('.tab[data-resource-name="parser.ts"]').waitFor();
      await page.locator(".statusbar-item").filter({ hasText: "Ln 2" }).first().waitFor();
    },
  },
  {
    name: "copies a code block, inserts it at the cursor, opens it as a new file",
    run: async ({ chat, page }) => {
      const code = chat.answers.first().locator(".code").first();
      await Promise.all([chat.button("Copied", code).waitFor(), chat.button("Copy", code).click()]);
      // The extension host writes it, a moment later.
      await page.waitForFunction(async () =>
        /^export function value[^]*\}$/.test(await navigator.clipboard.readText()),
      );
      await chat.button("New File", code).click();
      await page.locator(".tab").filter({ hasText: "Untitled-1" }).waitFor();
      await page.locator(".statusbar-item").filter({ hasText: "TypeScript" }).first().waitFor();
      const lines = page.locator(".editor-instance .view-line");
      const before = await lines.count();
      await chat.button("Insert at Cursor", code).click();
      await page.waitForFunction(
        (count) => document.querySelectorAll(".editor-instance .view-line").length > count,
        before,
      );
      await chat.command("View: Revert and Close Editor");
    },
  },
  {
    name: "names the stages, and stops at once in any of them",
    run: async ({ chat }) => {
      await chat.newChat();
      await chat.send("hold");
      await chat.view.locator(".progress").filter({ hasText: "Looking closely…" }).waitFor();
      await chat.said.filter({ hasText: "Reading the text…" }).first().waitFor({ state: "attached" });
      await chat.shot("stages");
      await chat.button("Stop").click();
      await chat.view.getByText("Stopped.", { exact: true }).first().waitFor();
      assert.equal(await chat.focused(), "Ask about an image…");
    },
  },
  {
    name: "streams an answer, told to screen readers by the sentence; stops, keeping what had come",
    run: async ({ chat }) => {
      await chat.newChat();
      const before = new Set(await chat.said.allTextContents());
      await chat.send("slow");
      const sentences = chat.said.filter({ hasText: "A sentence of six words follows." });
      await sentences.nth(2).waitFor({ state: "attached" });
      await chat.button("Stop").click();
      await chat.answers.last().getByText("Stopped.", { exact: true }).waitFor();
      for (const text of await chat.said.allTextContents()) {
        if (before.has(text)) continue;
        assert.match(
          text,
          /^([A-Z][^.…]*…|A sentence of six words follows\.|Stopped\.|A( \w+)*)$/,
          `whole sentences: ${text}`,
        );
      }
      assert.match(await chat.answers.last().locator(".body").innerText(), /A sentence of six words follows/);
      await chat.button("Send").waitFor();
    },
  },
  {
    name: "remembers the conversation in a follow-up",
    run: async ({ chat }) => {
      await chat.newChat();
      await chat.attachFromExplorer("red.png");
      await chat.ask("What colour is it?");
      const turns = await chat.echo("echo: and how large?");
      assert.deepEqual(
        turns.map(({ role, text }) => [role, text.slice(0, 18)]),
        [
          ["user", "What colour is it?"],
          ["assistant", "The build failed i"],
          ["user", "echo: and how larg"],
        ],
      );
      assert.deepEqual(
        turns[0].images.map(({ name, width, height }) => [name, width, height]),
        [["red.png", 64, 32]],
      );
    },
  },
  {
    name: "tries again, and asks an edited question anew",
    run: async ({ chat }) => {
      await chat.button("Try Again").last().click();
      await chat.answers.nth(1).and(chat.view.locator("[aria-busy=true]")).waitFor();
      await chat.ended(chat.answers.nth(1));
      assert.equal(await chat.answers.count(), 2);
      await chat.questions.first().hover();
      await chat.button("Edit and Resend", chat.questions.first()).click();
      const field = chat.questions.first().locator("textarea");
      await field.fill("echo: what shape is it?");
      await chat.shot("edit", "sidebar");
      await field.press("Enter");
      await chat.answers.nth(1).waitFor({ state: "detached" });
      await chat.ended(chat.answers.first());
      const [turn, ...others] = JSON.parse(await chat.answers.first().locator("pre").textContent());
      assert.deepEqual([turn.text, turn.images.length, others.length], ["echo: what shape is it?", 1, 0]);
    },
  },
  {
    name: "says that an answer was stopped because it repeated itself, and lets it be tried again",
    run: async ({ chat }) => {
      await chat.newChat();
      const answer = await chat.ask("repeat");
      await answer.getByText(/^The model began to repeat itself and was stopped\. Ask in other words/).waitFor();
      await chat.button("Try Again", answer).waitFor();
      await chat.shot("repeats", "sidebar");
    },
  },
  {
    name: "shows long quoted text in a block of modest height that scrolls",
    run: async ({ chat }) => {
      await chat.newChat();
      const answer = await chat.ask("quote");
      const [shown, whole] = await answer
        .locator("pre")
        .evaluate((pre) => [pre.getBoundingClientRect().height, pre.scrollHeight]);
      assert.ok(shown < 260 && whole > 600, `${shown} of ${whole} pixels`);
      await chat.shot("quote");
    },
  },
];

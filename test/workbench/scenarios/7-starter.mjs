// The extension as it is installed: its own engine, the starter model and the embedded illustrator, no settings.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { Illustrations } from "../illustrations.mjs";

const starter = path.resolve(import.meta.dirname, "../../../media/starter");

export const scenarios = [
  {
    name: "explains a screenshot with the starter model, and reads its text",
    skip: () => (fs.existsSync(path.join(starter, "manifest.json")) ? undefined : "media/starter holds no model here"),
    limit: 330,
    run: async ({ openSession }) => {
      const { chat, blocked } = await openSession();
      await chat.theme("dark", { view: false });
      await chat.choose("build-error.png", "Explain Image");
      const answer = chat.answers.first();
      await answer.waitFor();
      // Loading takes its time on a slow machine.
      await answer.and(chat.view.locator("[aria-busy=false]")).waitFor({ timeout: 300_000 });
      assert.deepEqual(await chat.view.locator(".failure").allInnerTexts(), []);
      const [, lines] = /read (\d+) lines of text, \d+ visual tokens/.exec(await chat.questions.first().innerText());
      assert.ok(Number(lines) >= 6, `${lines} lines`);
      const text = await answer.locator(".body").innerText();
      assert.match(text, /parser/);
      assert.match(await chat.view.locator(".starter").innerText(), /Starter model: small, can be wrong/);
      assert.deepEqual(blocked, []);
      await chat.questions.first().scrollIntoViewIfNeeded();
      await chat.shot("starter");
    },
  },
  {
    name: "draws with the embedded illustrator, and says how small it is",
    limit: 150,
    run: async ({ openSession }) => {
      const { chat, page, box, blocked } = await openSession();
      const illustrations = new Illustrations({ page, box, chat });
      await chat.theme("dark", { view: false });
      const view = await illustrations.open();
      await view.locator(".hint", { hasText: "Small embedded model" }).first().waitFor();
      assert.equal(await view.getByLabel("Size", { exact: true }).isDisabled(), true);
      await illustrations.generate(view, "a rocket");
      await illustrations.pictures(view, 1);
      assert.match(await view.locator("figure").innerText(), /64 × 64[^]*Small embedded model/);
      assert.deepEqual(blocked, []);
      await chat.shot("illustrate-embedded");
    },
  },
];

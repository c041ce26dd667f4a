// What stays: over a reload, hiding the view, and among the chats.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";

const reloads = Number(process.env.MINI_GEMINI_TEST_RELOADS ?? 2);

export const scenarios = [
  {
    name: "keeps chat, pictures and attachments over a reload of the window",
    run: async ({ chat, page }) => {
      await chat.newChat();
      await chat.attachFromExplorer("orders.png");
      await chat.ask("Which quarter was best?");
      await chat.attachFromExplorer("red.png");
      await page.waitForTimeout(800);
      await page.reload();
      await chat.answers.first().locator(".table").waitFor({ timeout: 90_000 });
      await chat.attached.filter({ hasText: "red.png" }).waitFor();
      const image = chat.questions.first().locator("img");
      await image.evaluate((picture) => picture.decode());
      assert.equal(await image.evaluate(({ naturalWidth }) => naturalWidth), 560);
      await chat.button("Remove red.png").click();
    },
  },
  {
    name: "keeps the draft and goes on with an answer while the view is hidden",
    run: async ({ chat, page }) => {
      await chat.newChat();
      await chat.send("slow");
      await chat.answers.last().getByText("A sentence of six words follows.").first().waitFor();
      await chat.field.fill("a draft");
      await page.waitForTimeout(1500);
      await chat.showExplorer();
      await page.waitForTimeout(1500);
      await chat.show();
      assert.equal(await chat.field.inputValue(), "a draft");
      await chat.field.fill("");
      await chat.answers.last().and(chat.view.locator("[aria-busy=true]")).waitFor();
      const length = async () => (await chat.answers.last().locator(".body").innerText()).length;
      const before = await length();
      await page.waitForTimeout(1500);
      assert.ok((await length()) > before, "more of it comes");
      await chat.button("Stop").click();
      await chat.view.getByText("Stopped.", { exact: true }).first().waitFor();
    },
  },
  {
    name: "keeps what had come of an answer when the window is reloaded amid it, and answers anew",
    run: async ({ chat, page }) => {
      await chat.newChat();
      await chat.send("slow");
      const answer = chat.answers.first();
      await answer.getByText("A sentence of six words follows.").first().waitFor();
      // It is written to disk now and then.
      await page.waitForTimeout(1500);
      await page.reload();
      await answer.getByText("Stopped.", { exact: true }).waitFor();
      assert.match(await answer.locator(".body").innerText(), /^A sentence of six words follows/);
      await chat.button("Try Again").last().click();
      await answer.and(chat.view.locator("[aria-busy=true]")).waitFor();
      await chat.button("Stop").click();
      await chat.ended(answer);
    },
  },
  {
    name: "keeps a draft over a reload and a crash of the window, and takes it along to a new chat",
    run: async ({ chat, page, main }) => {
      const written = async (text) => {
        await main.chat.field.waitFor();
        for (let wait = 0; wait < 100 && (await main.chat.field.inputValue()) !== text; wait++)
          await main.page.waitForTimeout(100);
        assert.equal(await main.chat.field.inputValue(), text);
      };
      await chat.newChat();
      await chat.field.fill("half a question");
      // It is written to disk a moment later.
      await page.waitForTimeout(1500);
      await page.reload();
      await written("half a question");
      await chat.field.pressSequentially(" made whole");
      await page.waitForTimeout(1500);
      await main.crash();
      await main.chat.show();
      await written("half a question made whole");
      await main.chat.newChat();
      await written("half a question made whole");
      await main.chat.field.fill("");
    },
  },
  {
    name: "two windows on one chat: what is said in either stays",
    run: async ({ chat, main }) => {
      await chat.newChat();
      await chat.ask("What was said first?");
      const { chat: beside, close } = await main.openBeside();
      await beside.command("Mini-Gemini: Show Chats");
      const row = beside.view.locator(".chats li").filter({ hasText: "What was said first?" }).first();
      await row.locator(".open").click();
      await beside.questions.filter({ hasText: "What was said first?" }).waitFor();
      // What the other window says comes in between: which answer is whose cannot be told by its place.
      const ask = async (view, question) => {
        await view.send(question);
        await view.questions.filter({ hasText: question }).waitFor();
        await view.button("Send").waitFor();
      };
      await Promise.all([ask(beside, "What did the other window say?"), ask(chat, "What did this window say?")]);
      await ask(beside, "Is all of it here?");
      await close();
      await main.page.reload();
      await main.chat.questions.nth(3).waitFor();
      const said = await main.chat.questions.allInnerTexts();
      for (const question of ["said first", "the other window", "this window", "all of it"]) {
        assert.equal(said.filter((text) => text.includes(question)).length, 1, `${question} in ${said.join("; ")}`);
      }
      assert.equal(await main.chat.answers.count(), 4);
      assert.equal(await main.chat.view.getByText("Stopped.", { exact: true }).count(), 0);
    },
  },
  {
    name: "two windows: an answer of the other one shows as such, grows, and ends as it ends there",
    run: async ({ chat, main }) => {
      await chat.newChat();
      await chat.send("slow: who answers this?");
      await chat.answers.first().getByText("A sentence of six words follows.").first().waitFor();
      const { chat: beside, close } = await main.openBeside();
      await beside.command("Mini-Gemini: Show Chats");
      await beside.view.locator(".chats li").filter({ hasText: "who answers this?" }).first().locator(".open").click();
      const answer = beside.answers.first();
      await answer.getByText("Being answered in another window…").waitFor();
      await beside.button("Send").waitFor();
      assert.equal(await beside.button("Stop").isVisible(), false, "what it cannot stop has no button");
      assert.equal(await beside.button("Try Again").count(), 0);
      const length = async () => (await answer.locator(".body").innerText()).length;
      const before = await length();
      for (let wait = 0; wait < 100 && (await length()) === before; wait++) await beside.page.waitForTimeout(100);
      assert.ok((await length()) > before, "more of it comes");
      const belowEnd = () =>
        beside.view.locator("main").evaluate((main) => main.scrollHeight - main.scrollTop - main.clientHeight);
      for (let wait = 0; wait < 20 && (await belowEnd()) > 1; wait++) await beside.page.waitForTimeout(100);
      assert.ok((await belowEnd()) <= 1, "the end stays in sight");
      await beside.shot("elsewhere", "sidebar");
      await chat.button("Stop").click();
      await answer.getByText("Stopped.", { exact: true }).waitFor();
      assert.equal(await answer.getByText("Being answered in another window…").isVisible(), false);
      await beside.button("Try Again").waitFor();
      await close();
    },
  },
  {
    name: "two windows: a chat that one deletes is left in the other, which says so and keeps what is being written",
    run: async ({ chat, page, main }) => {
      await chat.newChat();
      await chat.ask("To be deleted?");
      const { chat: beside, close } = await main.openBeside();
      await beside.command("Mini-Gemini: Show Chats");
      await beside.view.locator(".chats li").filter({ hasText: "To be deleted?" }).first().waitFor();
      await beside.button("Delete To be deleted?").click();
      await beside.page.locator(".monaco-dialog-box").getByRole("button", { name: "Delete" }).click();
      await beside.view.locator(".chats li").filter({ hasText: "To be deleted?" }).waitFor({ state: "detached" });
      await close();
      await chat.field.fill("half a question");
      await page.locator(".notification-list-item").filter({ hasText: "deleted in another window" }).first().waitFor();
      await chat.view.locator(".welcome").waitFor();
      assert.equal(await chat.field.inputValue(), "half a question");
      await chat.field.fill("");
      await chat.closeNotifications();
    },
  },
  {
    name: "reloads leave one engine at most, one view and one extension host",
    limit: 400,
    run: async ({ chat, page, main }) => {
      await chat.newChat();
      await chat.ask("Are you there?");
      for (let reload = 0; reload < reloads; reload++) {
        await page.reload();
        await chat.questions.filter({ hasText: "Are you there?" }).waitFor();
        await chat.ask("And now?");
      }
      const counts = () => ["fake-engine.js", "type=extensionHost"].map((words) => main.processes(words));
      // Those of the windows before may still be ending.
      for (let wait = 0; wait < 300 && counts().some((count) => count > 1); wait++) await page.waitForTimeout(100);
      assert.deepEqual(counts(), [1, 1]);
      assert.equal(await page.locator("iframe.webview").count(), 1);
      assert.equal(await chat.questions.count(), 1 + reloads);
    },
  },
  {
    name: "finds chats by what was said, renames, exports and deletes them",
    run: async ({ chat, page, box }) => {
      await chat.command("Mini-Gemini: Show Chats");
      const rows = chat.view.locator(".chats li");
      await rows.filter({ hasText: "orders.png" }).first().waitFor();
      await chat.shot("chats");
      await page.keyboard.type("which QUARTER was");
      await chat.view.locator(".chats li:nth-child(2)").waitFor({ state: "detached" });
      assert.equal(await rows.count(), 1);
      await chat.button("Rename orders.png: Which quarter was best?").click();
      await chat.quickInput.locator("input").fill("Best quarter");
      await page.keyboard.press("Enter");
      await rows.filter({ hasText: "Best quarter" }).waitFor();
      await chat.button("Export Best quarter as Markdown").click();
      await chat.quickInput.locator("input").waitFor();
      await page.keyboard.press("Enter");
      await page.locator('.tab[data-resource-name="Best quarter.md"]').waitFor();
      const exported = fs.readFileSync(path.join(box.ws, "Best quarter.md"), "utf8");
      const [, picture] = /!\[orders\.png\]\((Best%20quarter-images\/[\w-]+\.png)\)/.exec(exported);
      assert.ok(fs.existsSync(path.join(box.ws, decodeURIComponent(picture))));
      assert.match(exported, /^# Best quarter\n\n## Question[^]*## Answer of Scripted[^]*```mermaid/);
      await chat.command("Mini-Gemini: Show Chats");
      await chat.button("Delete Best quarter").click();
      await page.locator(".monaco-dialog-box").getByRole("button", { name: "Delete" }).click();
      await chat.view.getByText("No chat holds this text.").waitFor();
      await page.keyboard.press("Escape");
      await chat.command("View: Close All Editors");
    },
  },
];

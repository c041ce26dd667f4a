// Pictures asked for in the chat: drawn, changed with the same seed, saved, and there after a reload.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { Illustrations } from "../illustrations.mjs";

const drawn = (answer) => answer.locator("figure.drawn");
const hint = async (answer) => drawn(answer).locator(".hint").first().innerText();

export const scenarios = [
  {
    name: "pictures in the chat: draw…, now as an icon, same again, but…",
    run: async ({ chat, page, box }) => {
      const illustrations = new Illustrations({ page, box, chat });
      illustrations.model(illustrations.fakeModel());
      await chat.newChat();
      await chat.send("draw a red rocket");
      await chat.answers.first().locator("canvas:visible").waitFor();
      await chat.shot("chat-drawing");
      const rocket = chat.answers.first();
      await chat.ended(rocket);
      await drawn(rocket).waitFor();
      assert.equal(await drawn(rocket).locator("img").getAttribute("alt"), "a red rocket");
      await drawn(rocket)
        .locator("img")
        .evaluate((image) => image.decode());
      const [, seed] = /128 × 128, seed (\d+), drawn by sd-scripted/.exec(await hint(rocket));
      await chat.shot("chat-drawn");
      const icon = await chat.ask("now as an icon");
      assert.match(await hint(icon), new RegExp(`seed ${seed},`));
      assert.equal(await drawn(icon).locator(".prompt").innerText(), "a red rocket");
      const other = await chat.ask("another one");
      assert.doesNotMatch(await hint(other), new RegExp(`seed ${seed},`));
      // The first picture again, though others came after it; by keyboard.
      await drawn(rocket).locator("vscode-button").filter({ hasText: "Same Again, but…" }).focus();
      await page.keyboard.press("Enter");
      await chat.view.locator(".composer textarea:focus").waitFor();
      assert.equal(await chat.field.inputValue(), "Same again, but ");
      await page.keyboard.type("at night");
      await page.keyboard.press("Enter");
      const night = chat.answers.nth(3);
      await chat.ended(night);
      assert.equal(await drawn(night).locator(".prompt").innerText(), "a red rocket, at night");
      assert.match(await hint(night), new RegExp(`seed ${seed},`));
      const words = await chat.ask("thanks");
      assert.equal(await drawn(words).count(), 0);
      assert.match(await words.innerText(), /The build failed/);
    },
  },
  {
    name: "pictures in the chat: saved to the repository, and there after a reload",
    run: async ({ chat, page, box }) => {
      const illustrations = new Illustrations({ page, box, chat });
      const night = chat.answers.nth(3);
      await drawn(night).locator("vscode-button").filter({ hasText: "Save to Repository…" }).click();
      await illustrations.pick("WebP");
      await illustrations.saveAs("night.webp");
      await illustrations.notified("Saved as night.webp");
      assert.equal(fs.readFileSync(path.join(box.ws, "night.webp")).toString("latin1", 8, 12), "WEBP");
      await chat.closeNotifications();
      await page.reload();
      await drawn(chat.answers.nth(3)).locator("img").waitFor();
      assert.equal(await chat.view.locator("figure.drawn").count(), 4);
      await drawn(chat.answers.nth(3))
        .locator("img")
        .evaluate((image) => image.decode());
      await chat.shot("chat-reloaded");
    },
  },
  {
    name: "pictures in the chat: stopped, without a model, and with a model that writes the prompt",
    run: async ({ chat, page, box }) => {
      const illustrations = new Illustrations({ page, box, chat });
      illustrations.model(illustrations.fakeModel());
      await chat.newChat();
      await chat.send("draw a slow snail");
      await chat.answers.first().locator("canvas:visible").waitFor();
      await chat.button("Stop").click();
      await chat.ended(chat.answers.first());
      await chat.answers.first().getByText("Stopped.", { exact: true }).waitFor();
      illustrations.model(path.join(box.dir, "nowhere"));
      await page.waitForTimeout(700);
      const failed = await chat.ask("draw an owl");
      assert.match(await failed.locator(".failure").innerText(), /nowhere/);
      await chat.shot("chat-no-illustrator");
      illustrations.model(illustrations.fakeModel());
      illustrations.set("miniGemini.model.folder", path.join(box.dir, "scripted-mgm"));
      await page.waitForTimeout(700);
      const owl = await chat.ask("draw an owl");
      assert.match(await owl.innerText(), /Here it is\./);
      assert.equal(await drawn(owl).locator(".prompt").innerText(), "draw an owl in oil, by moonlight");
      // What was drawn is part of the conversation.
      const told = (await chat.echo()).findLast(({ role }) => role === "assistant");
      assert.match(told.text, /Here it is\. <h>draw an owl in oil, by moonlight<\/h>/);
      illustrations.set("miniGemini.model.folder", "");
    },
  },
];

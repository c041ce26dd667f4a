// For everyone: by keyboard alone, for screen readers, in every theme and width.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { findings } from "../axe.mjs";
import { themes } from "../chat.mjs";

export const scenarios = [
  {
    name: "asks, enlarges, chooses a part, edits and finds chats by keyboard alone",
    run: async ({ chat, page }) => {
      await chat.newChat();
      const press = async (...keys) => {
        for (const key of keys) await page.keyboard.press(key);
      };
      const focused = () => chat.focused();
      assert.equal(await focused(), "Ask about an image…");
      await press("Tab");
      assert.equal(await focused(), "Attach Image…");
      await press("Enter");
      await chat.quickInput.locator("input").waitFor();
      await page.keyboard.type("architecture");
      await page.locator(".quick-input-list [role=option]").filter({ hasText: "architecture.png" }).first().waitFor();
      await press("Enter");
      await chat.attached.first().waitFor();
      await chat.field.focus();
      await press("Shift+Tab");
      assert.equal(await focused(), "Remove architecture.png");
      await press("Shift+Tab");
      assert.equal(await focused(), "Enlarge architecture.png");
      await press("Enter");
      await chat.view.locator("dialog").waitFor();
      assert.equal(await focused(), "architecture.png: choose a part");
      await press("ArrowRight", "ArrowRight", "Shift+ArrowUp", "+");
      await chat.view.locator("dialog output").filter({ hasText: "380 × 154 pixels at 205, 80" }).waitFor();
      await press("Enter");
      await chat.attached.filter({ hasText: "Part of architecture.png" }).waitFor();
      await chat.field.focus();
      await page.keyboard.type("echo by keyboard");
      await press("Enter");
      await chat.ended(chat.answers.first());
      const [turn] = JSON.parse(await chat.answers.first().locator("pre").textContent());
      assert.deepEqual(turn.images[0].crop, {
        ...{ left: 205, top: 80, width: 380, height: 154 },
        of: { width: 760, height: 320 },
      });
      await press("ArrowUp");
      assert.equal(await focused(), "Edit and Resend");
      await press("Escape");
      const passed = [];
      for (let step = 0; step < 12; step++) {
        await press("Tab");
        passed.push(await focused());
      }
      for (const label of ["json", "Copy", "Copy Answer", "Try Again", "Ask about an image…"]) {
        assert.ok(passed.includes(label), `${label} among ${passed.join(", ")}`);
      }
      await chat.command("Mini-Gemini: Show Chats");
      await page.waitForTimeout(300);
      assert.equal(await focused(), "Search chats");
      await press("Escape");
      assert.equal(await focused(), "Ask about an image…");
    },
  },
  ...Object.keys(themes).map((theme) => ({
    name: `has no serious finding of axe, and reads well (${theme})`,
    run: async ({ chat }) => {
      await chat.newChat();
      await chat.theme(theme);
      const found = [];
      found.push(...(await findings(await chat.frame())));
      await chat.attachFromExplorer("build-error.png");
      await chat.ask("What went wrong?");
      await chat.answers.first().locator(".diagram svg").waitFor();
      await chat.attachFromExplorer("orders.png");
      found.push(...(await findings(await chat.frame())));
      await chat.shot(`chat-${theme}`);
      await chat.questions.first().locator(".thumbnail").click();
      await chat.view.locator("dialog .stage").press("ArrowRight");
      found.push(...(await findings(await chat.frame())));
      await chat.shot(`picture-${theme}`);
      await chat.view.locator("dialog .stage").press("Escape");
      await chat.button("Remove orders.png").click();
      await chat.send("crash");
      await chat.view.locator(".failure").waitFor();
      found.push(...(await findings(await chat.frame())));
      await chat.shot(`failure-${theme}`, "sidebar");
      await chat.ask("again");
      await chat.command("Mini-Gemini: Show Chats");
      await chat.view.locator(".chats li").first().waitFor();
      found.push(...(await findings(await chat.frame())));
      await chat.shot(`chats-${theme}`, "sidebar");
      assert.deepEqual([...new Set(found)], []);
    },
  })),
  {
    name: "fits a side bar of 170 and 250 pixels",
    run: async ({ chat }) => {
      await chat.newChat();
      await chat.theme("dark");
      await chat.attachFromExplorer("build-error.png");
      await chat.ask("What went wrong?");
      await chat.attachFromExplorer("orders.png");
      for (const pixels of [170, 250]) {
        const width = await chat.width(pixels);
        assert.ok(Math.abs(width - pixels) < 12, `${width} pixels`);
        const frame = await chat.frame();
        const over = await frame.evaluate(() =>
          [...document.querySelectorAll("body *")]
            .filter(
              (node) => node.checkVisibility() && node.closest("pre, .table, .diagram, .announcer, .katex") === null,
            )
            .filter((node) => node.getBoundingClientRect().right > innerWidth + 1)
            .map((node) => node.outerHTML.slice(0, 100)),
        );
        assert.deepEqual(over, []);
        await chat.shot(`narrow-${pixels}`, "sidebar");
      }
      await chat.width(340);
    },
  },
  {
    name: "keeps the question in sight with many images of long names in a narrow side bar",
    run: async ({ chat, box }) => {
      await chat.newChat();
      const names = Array.from({ length: 24 }, (_, at) => `${"a-very-long-name-of-a-screenshot-".repeat(5)}${at}.png`);
      for (const name of names) fs.copyFileSync(path.join(box.ws, "red.png"), path.join(box.ws, name));
      const frame = await chat.frame();
      await frame.evaluate(
        (addresses) => {
          const dataTransfer = new DataTransfer();
          dataTransfer.setData("application/vnd.code.uri-list", addresses.join("\r\n"));
          const drop = new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true });
          document.body.dispatchEvent(drop);
        },
        names.map((name) => pathToFileURL(path.join(box.ws, name)).href),
      );
      await chat.attached.nth(23).waitFor();
      await chat.width(250);
      const [field, talk] = await frame.evaluate(() =>
        ["textarea", "main"].map((tag) => document.querySelector(tag).getBoundingClientRect().height),
      );
      assert.ok(field > 30 && talk > 200, `${field} and ${talk} pixels`);
      assert.ok(await chat.button("Send").isVisible());
      await chat.shot("many-images", "sidebar");
      await chat.ask("Which is which?");
      await chat.shot("many-images-asked", "sidebar");
      await chat.width(340);
      for (const name of names) fs.rmSync(path.join(box.ws, name));
    },
  },
  {
    name: "stays still for who prefers reduced motion, and keeps its shapes in forced colours",
    run: async ({ chat, page }) => {
      await page.emulateMedia({ reducedMotion: "reduce", forcedColors: "active" });
      await chat.newChat();
      await chat.send("hold");
      await chat.view.locator(".progress").filter({ hasText: "Looking closely…" }).waitFor();
      assert.equal(await chat.view.locator(".progress vscode-progress-ring").isVisible(), false);
      await chat.shot("forced-colours");
      await chat.button("Stop").click();
      await page.emulateMedia({ reducedMotion: null, forcedColors: null });
    },
  },
];

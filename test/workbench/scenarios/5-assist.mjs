// Help outside the chat.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";

export const scenarios = [
  {
    name: "writes alt text by a code action",
    run: async ({ chat, page, box }) => {
      await chat.showExplorer();
      await chat.row("README.md").dblclick();
      await page.locator('.tab[data-resource-name="README.md"]').waitFor();
      await page.locator(".view-line").filter({ hasText: "architecture.png" }).click();
      await page.keyboard.press("Control+.");
      const action = page.locator(".action-widget .action, .action-widget [role=option]");
      await action.filter({ hasText: "Write Alt Text" }).first().waitFor();
      await chat.shot("alt-text-action");
      await action.filter({ hasText: "Write Alt Text" }).first().click();
      const preview = chat.quickInput.locator("input");
      await preview.waitFor();
      await page.waitForFunction(() => document.querySelector(".quick-input-widget input")?.value !== "");
      await chat.shot("alt-text");
      await page.keyboard.press("Enter");
      await page
        .locator(".view-line")
        .filter({ hasText: /!\[[^\]]{10,}\]\(architecture\.png\)/ })
        .waitFor();
      await chat.command("File: Save All Files");
      await page.waitForTimeout(500);
      assert.match(fs.readFileSync(path.join(box.ws, "README.md"), "utf8"), /!\[[^\]]{10,}\]\(architecture\.png\)/);
      await chat.command("View: Close All Editors");
    },
  },
];

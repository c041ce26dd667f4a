// What goes with a question: images by every way they come, parts of them, context of the workspace.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { writeLargeScreenshot } from "../pictures.mjs";

const sizes = (turns) => turns.at(-1).images.map(({ name, width, height }) => [name, width, height]);

export const scenarios = [
  {
    name: "takes a pasted screenshot of 3840 × 2160 pixels",
    run: async ({ chat, box }) => {
      await chat.newChat();
      const file = path.join(box.dir, "image.png");
      await writeLargeScreenshot(file);
      await chat.pasteFile(file);
      await chat.attached.first().waitFor();
      const image = chat.attached.first().locator("img");
      await image.evaluate((picture) => picture.decode());
      assert.deepEqual(
        await image.evaluate(({ naturalWidth, naturalHeight }) => [naturalWidth, naturalHeight]),
        [3840, 2160],
      );
      assert.deepEqual(sizes(await chat.echo()), [["image.png", 3840, 2160]]);
    },
  },
  {
    name: "takes a picture from the system's clipboard with Ctrl+V",
    run: async ({ chat, page }) => {
      await chat.newChat();
      await page.evaluate(async () => {
        const canvas = new OffscreenCanvas(120, 80);
        canvas.getContext("2d").fillRect(0, 0, 60, 80);
        const blob = await canvas.convertToBlob({ type: "image/png" });
        await navigator.clipboard.write([new ClipboardItem({ "image/png": blob })]);
      });
      await chat.field.click();
      await page.keyboard.press("Control+V");
      await chat.attached.first().waitFor();
      assert.deepEqual(sizes(await chat.echo()), [["image.png", 120, 80]]);
    },
  },
  {
    // Playwright does not see into a view that opens while a button is down, so the drop itself is sent.
    name: "takes an image dropped from the explorer, by the address that VS Code gives",
    run: async ({ chat, box }) => {
      await chat.newChat();
      const frame = await chat.frame();
      await frame.evaluate(
        (address) => {
          const dataTransfer = new DataTransfer();
          dataTransfer.setData("application/vnd.code.uri-list", address);
          for (const kind of ["dragover", "drop"]) {
            document.body.dispatchEvent(new DragEvent(kind, { dataTransfer, bubbles: true, cancelable: true }));
          }
        },
        pathToFileURL(path.join(box.ws, "orders.png")).href,
      );
      await chat.attached.first().waitFor();
      assert.deepEqual(sizes(await chat.echo()), [["orders.png", 560, 360]]);
    },
  },
  {
    name: "takes files dropped from the desktop, and names what is no image",
    run: async ({ chat, page }) => {
      await chat.newChat();
      const frame = await chat.frame();
      await frame.evaluate(async () => {
        const canvas = new OffscreenCanvas(50, 40);
        canvas.getContext("2d").fillRect(0, 0, 9, 9);
        const dataTransfer = new DataTransfer();
        const blob = await canvas.convertToBlob({ type: "image/png" });
        dataTransfer.items.add(new File([blob], "desktop.png", { type: "image/png" }));
        dataTransfer.items.add(new File(["text"], "notes.txt", { type: "text/plain" }));
        for (const kind of ["dragover", "drop"]) {
          document.body.dispatchEvent(new DragEvent(kind, { dataTransfer, bubbles: true, cancelable: true }));
        }
      });
      await chat.attached.first().waitFor();
      await page.locator(".notification-list-item-message").filter({ hasText: "notes.txt is not an image" }).waitFor();
      await chat.closeNotifications();
      assert.deepEqual(sizes(await chat.echo()), [["desktop.png", 50, 40]]);
    },
  },
  {
    name: "offers the image of the current editor; several images, one taken away again",
    run: async ({ chat }) => {
      await chat.newChat();
      await chat.showExplorer();
      await chat.row("architecture.png").dblclick();
      await chat.show();
      await chat.view.locator(".suggestion").filter({ hasText: "architecture.png" }).click();
      await chat.attached.first().waitFor();
      await chat.attachFromExplorer("orders.png");
      await chat.attachFromExplorer("red.png");
      await chat.shot("several");
      await chat.button("Remove red.png").click();
      await chat.attached.nth(2).waitFor({ state: "detached" });
      assert.deepEqual(sizes(await chat.echo()), [
        ["architecture.png", 760, 320],
        ["orders.png", 560, 360],
      ]);
      await chat.command("View: Close All Editors");
    },
  },
  {
    name: "cuts a part dragged over the picture from the original's pixels",
    run: async ({ chat, page }) => {
      await chat.newChat();
      await chat.attachFromExplorer("architecture.png");
      await chat.attached.first().locator(".thumbnail").click();
      const canvas = chat.view.locator("dialog .canvas");
      await chat.button("Zoom In", chat.view.locator("dialog")).click();
      await chat.button("Zoom Out", chat.view.locator("dialog")).click();
      const area = await canvas.boundingBox();
      // The picture's own scale: the lower end of a tall one may lie below the dialog's.
      const at = (x, y) => [area.x + (x / 760) * area.width, area.y + (y / 760) * area.width];
      await page.mouse.move(...at(540, 20));
      await page.mouse.down();
      await page.mouse.move(...at(750, 110), { steps: 5 });
      await page.mouse.up();
      await chat.view.locator("dialog output").filter({ hasText: "pixels at" }).waitFor();
      await chat.shot("part");
      await chat.view.locator("dialog vscode-button").filter({ hasText: "Use This Part" }).click();
      await chat.attached.filter({ hasText: "Part of architecture.png" }).waitFor();
      const [turn] = await chat.echo();
      const { crop, width } = turn.images[0];
      // A screen pixel is several of the picture's in a narrow side bar.
      const close = (value, wanted) => Math.abs(value - wanted) <= 8;
      assert.equal(turn.images.length, 1);
      assert.equal(width, 760);
      assert.ok(
        close(crop.left, 540) && close(crop.top, 20) && close(crop.width, 210) && close(crop.height, 90),
        JSON.stringify(crop),
      );
      assert.deepEqual(crop.of, { width: 760, height: 320 });
    },
  },
  {
    name: "takes the whole picture again after a part of it had been chosen, the focus back in the chat",
    run: async ({ chat, page }) => {
      await chat.newChat();
      await chat.attachFromExplorer("orders.png");
      const open = async () => {
        await chat.attached.first().locator(".thumbnail").click();
        await chat.view.locator("dialog .stage").waitFor();
      };
      const whole = chat.view.locator("dialog vscode-button").filter({ hasText: "Whole Picture" });
      await open();
      assert.equal(await whole.isVisible(), false);
      await page.keyboard.press("ArrowRight");
      await page.keyboard.press("Enter");
      await chat.attached.filter({ hasText: "Part of orders.png" }).waitFor();
      await open();
      await chat.view.locator("dialog output").filter({ hasText: "pixels at" }).waitFor();
      await chat.shot("whole", "sidebar");
      await whole.click();
      await chat.attached.filter({ hasText: "Part of" }).waitFor({ state: "detached" });
      assert.equal(await chat.focused(), "Ask about an image…");
      const [turn] = await chat.echo();
      assert.deepEqual([turn.images.length, turn.images[0].crop], [1, undefined]);
    },
  },
  {
    name: "tells how large a drawing was shown that a part was chosen of",
    run: async ({ chat, page, box }) => {
      // Without a size of its own: the browser and the engine each make up another.
      const drawing =
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 380"><rect width="380" height="380"/></svg>';
      fs.writeFileSync(path.join(box.ws, "plan.svg"), drawing);
      await chat.newChat();
      await chat.attachFromExplorer("plan.svg");
      await chat.attached.first().locator(".thumbnail").click();
      await chat.view.locator("dialog .stage").press("ArrowRight");
      await chat.view.locator("dialog output").filter({ hasText: "pixels at" }).waitFor();
      await page.keyboard.press("Enter");
      await chat.attached.filter({ hasText: "Part of plan.svg" }).waitFor();
      const [turn] = await chat.echo();
      const { of, ...part } = turn.images[0].crop;
      // The middle half, whatever the size.
      assert.ok(of.width > 0 && of.width === of.height * 2, JSON.stringify(of));
      assert.deepEqual([part.width, part.height], [of.width / 2, of.height / 2]);
    },
  },
  {
    name: "adds selection, open file and problems by choice",
    run: async ({ chat, page }) => {
      await chat.newChat();
      await chat.showExplorer();
      await chat.row("README.md").dblclick();
      await page.locator('.tab[data-resource-name="README.md"]').waitFor();
      await page.locator(".editor-instance .view-line").first().click();
      await page.keyboard.press("Control+A");
      await chat.show();
      await chat.button("Add Selection, File or Problems…").click();
      const choices = page.locator(".quick-input-list [role=option], .quick-input-list [role=checkbox]");
      await choices.filter({ hasText: "Open File" }).first().waitFor();
      await choices.filter({ hasText: "Selection" }).first().click();
      await page.keyboard.press("Enter");
      await chat.view.locator(".composer .chip").filter({ hasText: "README.md:1-" }).waitFor();
      await chat.shot("context", "sidebar");
      const [turn] = await chat.echo("echo: what is this about?");
      assert.match(turn.text, /^README\.md:1-6:\n```markdown\n# Shop[^]*```\n\necho: what is this about\?$/);
      await chat.questions.first().locator(".chip").waitFor();
      await chat.command("View: Close All Editors");
    },
  },
];

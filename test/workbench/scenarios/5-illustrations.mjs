// From a prompt to a picture, a saved file and a reference to it.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { Illustrations } from "../illustrations.mjs";

const file = (box, name) => path.join(box.ws, name);

async function openText(page, chat, box, name, content) {
  fs.writeFileSync(file(box, name), content);
  await chat.showExplorer();
  await chat.row(name).waitFor();
  await chat.row(name).dblclick();
  await page.locator(`.tab.active[data-resource-name="${name}"]`).waitFor();
  await page.locator(".editor-instance .view-lines").first().waitFor();
}

const readWhen = async (page, box, name, pattern) => {
  for (let attempt = 0; attempt < 50; attempt++) {
    const text = fs.existsSync(file(box, name)) ? fs.readFileSync(file(box, name), "utf8") : "";
    if (pattern.test(text)) return text;
    await page.waitForTimeout(100);
  }
  throw new Error(`${name} never held ${String(pattern)}: ${fs.readFileSync(file(box, name), "utf8")}`);
};

const all = [
  {
    name: "illustrations: without a model, the panel says what to do",
    run: async ({ chat, page, box }) => {
      const illustrations = new Illustrations({ page, box, chat });
      illustrations.model(path.join(box.dir, "nowhere"));
      await page.waitForTimeout(500);
      const view = await illustrations.open();
      await view.locator(".notice[role=alert]").waitFor();
      assert.match(await view.locator(".notice").innerText(), /no model that draws[^]*Choose Model…/);
      assert.equal(await illustrations.button(view, "Generate").getAttribute("disabled"), "");
      await chat.shot("illustrate-no-model");
      illustrations.model(illustrations.fakeModel());
      await view.locator(".notice").waitFor({ state: "detached" });
      assert.equal(await illustrations.button(view, "Generate").getAttribute("disabled"), null);
      await chat.command("View: Close All Editors");
    },
  },
  {
    name: "illustrations: a selection in Markdown becomes pictures, one of them a file and a reference",
    run: async ({ chat, page, box }) => {
      const illustrations = new Illustrations({ page, box, chat });
      await openText(page, chat, box, "story.md", "# Story\n\nA red rocket above the clouds\n\nThe end.\n");
      await page.keyboard.press("Control+Home");
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("Shift+End");
      const view = await illustrations.open();
      const prompt = view.getByLabel("What to draw", { exact: true });
      for (let wait = 0; wait < 100 && (await prompt.inputValue()) === ""; wait++) await page.waitForTimeout(200);
      assert.equal(await prompt.inputValue(), "A red rocket above the clouds");
      await view.getByLabel("Style", { exact: true }).selectOption("flat");
      await view.getByLabel("Variations", { exact: true }).selectOption("2");
      await view.getByLabel("Seed", { exact: true }).fill("7");
      await illustrations.button(view, "Generate").click();
      await view.locator("canvas:visible").waitFor();
      assert.match(await view.locator(".progress").innerText(), /Drawing picture \d of 2: step \d of 4/);
      await chat.shot("illustrate-drawing");
      await illustrations.pictures(view, 2);
      const captions = await view.locator("figcaption").allInnerTexts();
      assert.match(captions[0], /128 × 128, seed 8, drawn by sd-scripted/);
      assert.match(captions[1], /seed 7/);
      await view
        .locator("figure img")
        .first()
        .evaluate((image) => image.decode());
      await chat.shot("illustrate-pictures");
      await illustrations.button(view, "Save and Insert into story.md…").last().click();
      await illustrations.pick("PNG");
      assert.equal(await illustrations.saveAs(), "a-red-rocket-above-the-clouds.png");
      await page.locator('.tab.active[data-resource-name="story.md"]').waitFor();
      await page.keyboard.press("Control+s");
      const text = await readWhen(page, box, "story.md", /!\[/);
      assert.equal(
        text,
        "# Story\n\nA red rocket above the clouds\n\n" +
          "![A red rocket above the clouds](a-red-rocket-above-the-clouds.png)\n\nThe end.\n",
      );
      const bytes = fs.readFileSync(file(box, "a-red-rocket-above-the-clouds.png"));
      assert.equal(bytes.toString("latin1", 1, 4), "PNG");
      assert.deepEqual([bytes.readUInt32BE(16), bytes.readUInt32BE(20)], [128, 128]);
      assert.match(await view.locator("figure").last().innerText(), /Saved as a-red-rocket-above-the-clouds\.png/);
      await chat.shot("illustrate-reference");
      await page.keyboard.press("Control+z");
      await page.keyboard.press("Control+s");
      await readWhen(page, box, "story.md", /clouds\n\nThe end/);
    },
  },
  {
    name: "illustrations: a taken name gets a number, and nothing is replaced unasked",
    run: async ({ chat, page, box }) => {
      const illustrations = new Illustrations({ page, box, chat });
      const view = await illustrations.view();
      const before = fs.readFileSync(file(box, "a-red-rocket-above-the-clouds.png"));
      const save = async (format) => {
        await illustrations.button(view, "Save to Repository…").first().click();
        await illustrations.pick(format);
      };
      await save("PNG");
      assert.equal(await illustrations.saveAs(), "a-red-rocket-above-the-clouds-2.png");
      await illustrations.notified("Saved as a-red-rocket-above-the-clouds-2.png");
      assert.notDeepEqual(fs.readFileSync(file(box, "a-red-rocket-above-the-clouds-2.png")), before);
      // The dialog asks, and asks us to mean it.
      await save("PNG");
      await illustrations.saveAs("a-red-rocket-above-the-clouds.png");
      await illustrations.quickInput.getByText(/already exists/).waitFor();
      await chat.shot("illustrate-taken");
      await page.keyboard.press("Escape");
      await page.waitForTimeout(300);
      await page.keyboard.press("Escape");
      assert.deepEqual(fs.readFileSync(file(box, "a-red-rocket-above-the-clouds.png")), before);
      // Without its ending, which the dialog adds, the name is the same one.
      await save("PNG");
      await illustrations.saveAs("a-red-rocket-above-the-clouds");
      await illustrations.quickInput.getByText(/already exists/).waitFor();
      await page.keyboard.press("Escape");
      await page.waitForTimeout(300);
      await page.keyboard.press("Escape");
      assert.deepEqual(fs.readFileSync(file(box, "a-red-rocket-above-the-clouds.png")), before);
      await chat.closeNotifications();
    },
  },
  {
    name: "illustrations: saved as WebP, AVIF, JPEG and as an icon with sizes",
    run: async ({ chat, page, box }) => {
      const illustrations = new Illustrations({ page, box, chat });
      const view = await illustrations.view();
      const starts = { WebP: ["WEBP", 8], AVIF: ["ftypavif", 4], JPEG: ["\xff\xd8\xff", 0], ICO: ["\0\0\x01\0", 0] };
      const names = { WebP: "rocket.webp", AVIF: "rocket.avif", JPEG: "rocket.jpg", ICO: "rocket.ico" };
      for (const [format, [start, at]] of Object.entries(starts)) {
        await illustrations.button(view, "Save to Repository…").first().click();
        await illustrations.pick(format);
        if (format === "ICO") {
          await illustrations.quickInput.getByText("16 × 16").waitFor();
          await page.keyboard.press("Enter");
        }
        await illustrations.saveAs(names[format]);
        await illustrations.notified(`Saved as ${names[format]}`);
        const bytes = fs.readFileSync(file(box, names[format]));
        assert.equal(bytes.toString("latin1", at, at + start.length), start, format);
      }
      assert.equal(fs.readFileSync(file(box, "rocket.ico")).readUInt16LE(4), 4);
      assert.deepEqual(
        fs.readdirSync(box.ws).filter((name) => name.endsWith(".part")),
        [],
      );
      await chat.closeNotifications();
    },
  },
  {
    name: "illustrations: nothing is written outside the workspace",
    run: async ({ chat, page, box }) => {
      const illustrations = new Illustrations({ page, box, chat });
      const view = await illustrations.view();
      const outside = path.join(box.dir, "outside.png");
      await illustrations.button(view, "Save to Repository…").first().click();
      await illustrations.pick("PNG");
      await illustrations.saveAs(outside);
      await illustrations.notified("lies outside the open folders; nothing was written.");
      assert.ok(!fs.existsSync(outside));
      await chat.shot("illustrate-outside");
      // A folder of the workspace that is a link to one elsewhere.
      const elsewhere = path.join(box.dir, "elsewhere");
      fs.mkdirSync(elsewhere);
      fs.symlinkSync(elsewhere, file(box, "linked"));
      await chat.closeNotifications();
      await illustrations.button(view, "Save to Repository…").first().click();
      await illustrations.pick("PNG");
      await illustrations.saveAs(file(box, "linked/owl.png"));
      await illustrations.notified("lies outside the open folders; nothing was written.");
      assert.deepEqual(fs.readdirSync(elsewhere), []);
      fs.unlinkSync(file(box, "linked"));
      await chat.closeNotifications();
    },
  },
  {
    name: "illustrations: same again, but… keeps the seed; stop stops; a crash is told and lasts no longer",
    run: async ({ chat, page, box }) => {
      const illustrations = new Illustrations({ page, box, chat });
      const view = await illustrations.view();
      const count = await view.locator("figure").count();
      await illustrations.button(view, "Same Again, but…").last().click();
      const prompt = view.getByLabel("What to draw", { exact: true });
      assert.equal(await view.getByLabel("Seed", { exact: true }).inputValue(), "7");
      assert.equal(await view.getByLabel("Style", { exact: true }).inputValue(), "flat");
      assert.ok(await prompt.evaluate((field) => field === document.activeElement));
      await page.keyboard.type(" at night");
      await page.keyboard.press("Enter");
      await illustrations.pictures(view, count + 1);
      assert.match(
        await view.locator("figcaption").first().innerText(),
        /A red rocket above the clouds at night[^]*seed 7,/,
      );
      await illustrations.generate(view, "slow snail");
      await view.locator("canvas:visible").waitFor();
      await illustrations.button(view, "Stop").click();
      await view.locator(".failure").getByText("Stopped.").waitFor();
      await illustrations.generate(view, "crash");
      await view
        .locator(".failure")
        .getByText(/stopped unexpectedly/)
        .waitFor();
      await chat.shot("illustrate-crash");
      await illustrations.generate(view, "an owl");
      await illustrations.pictures(view, count + 2);
      assert.equal(await view.locator(".failure").count(), 0);
    },
  },
  {
    name: "illustrations: pictures outlive a reload; the explorer's folder is where saving begins",
    run: async ({ chat, page, box }) => {
      const illustrations = new Illustrations({ page, box, chat });
      fs.mkdirSync(file(box, "images"));
      await page.reload();
      await chat.showExplorer();
      await chat.row("images").waitFor();
      await chat.choose("images", "Generate Illustration…");
      const view = await illustrations.view();
      await view.locator("figure").nth(3).waitFor();
      assert.match(await view.locator("figcaption").first().innerText(), /an owl/);
      await illustrations.button(view, "Save to Repository…").first().click();
      await illustrations.pick("PNG");
      assert.equal(await illustrations.saveAs(), "an-owl.png");
      await illustrations.notified("Saved as images/an-owl.png");
      assert.ok(fs.existsSync(file(box, "images/an-owl.png")));
      await illustrations.button(view, "Remove").first().click();
      await view.getByText("an owl", { exact: true }).waitFor({ state: "detached" });
      await chat.closeNotifications();
    },
  },
  {
    name: "illustrations: start from a picture of the workspace, or from one that was drawn",
    run: async ({ chat, page, box }) => {
      const illustrations = new Illustrations({ page, box, chat });
      const view = await illustrations.view();
      const count = await view.locator("figure").count();
      await illustrations.button(view, "Start from a Picture…").click();
      await illustrations.quickInput.locator("input.input").fill("orders.png");
      await page.locator(".quick-input-list [role=option]").filter({ hasText: "orders.png" }).first().waitFor();
      await page.keyboard.press("Enter");
      await view.getByText("Starts from orders.png").waitFor();
      await view.locator(".chosen img").evaluate((image) => image.decode());
      await view.getByLabel("How much of it is drawn anew", { exact: true }).fill("40");
      await view.locator(".chosen output").getByText("40 %").waitFor();
      await illustrations.generate(view, "a castle");
      await illustrations.pictures(view, count + 1);
      const caption = () => view.locator("figcaption").first().innerText();
      assert.match(await caption(), /a castle[^]*192 × 128[^]*started from orders\.png, 40 % drawn anew/);
      await chat.shot("illustrate-start");
      await illustrations.button(view, "Start from This").first().click();
      await view.getByText("Starts from a castle").waitFor();
      await view.locator(".chosen img").evaluate((image) => image.decode());
      await illustrations.button(view, "Start from Nothing").click();
      await illustrations.generate(view, "a tower");
      await illustrations.pictures(view, count + 2);
      assert.match(await caption(), /a tower[^]*128 × 128/);
      assert.doesNotMatch(await caption(), /started from/);
    },
  },
];

/** They go on in the panel that the one before left open. */
export const scenarios = all.map((scenario) => ({ ...scenario, panel: true }));

// The illustration panel as a person uses it: by its labels, in a real workbench.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";

export class Illustrations {
  constructor({ page, box, chat }) {
    this.page = page;
    this.box = box;
    this.chat = chat;
    this.quickInput = page.locator(".quick-input-widget");
  }

  /** The panel among the webviews that are open: it alone has this form. */
  async view() {
    for (let attempt = 0; attempt < 100; attempt++) {
      for (const frame of this.page.frames()) {
        const mine = await frame
          .locator('form[aria-label="Illustration"]')
          .count()
          .catch(() => 0);
        if (mine > 0) return frame;
      }
      await this.page.waitForTimeout(100);
    }
    throw new Error("there is no illustration panel");
  }

  async open() {
    await this.chat.command("Mini-Gemini: Generate Illustration…");
    const view = await this.view();
    await view.getByLabel("What to draw", { exact: true }).waitFor();
    return view;
  }

  /** The model that the settings name, as a person's own settings on the machine. */
  model(folder) {
    this.set("miniGemini.illustrations.model", folder);
  }

  set(name, value) {
    const file = path.join(this.box.ud, "Machine/settings.json");
    fs.mkdirSync(path.dirname(file), { recursive: true });
    const settings = fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, "utf8")) : {};
    fs.writeFileSync(file, JSON.stringify({ ...settings, [name]: value }));
  }

  /** A folder that looks like a model; the scripted engine reads nothing of it. */
  fakeModel() {
    const folder = path.join(this.box.dir, "sd-scripted");
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(path.join(folder, "model_index.json"), "{}");
    return folder;
  }

  button(view, label) {
    return view.locator(`vscode-button`).filter({ hasText: label });
  }

  async generate(view, prompt) {
    await view.getByLabel("What to draw", { exact: true }).fill(prompt);
    await this.button(view, "Generate").click();
  }

  async pictures(view, count) {
    await view
      .locator("figure")
      .nth(count - 1)
      .waitFor();
    await this.button(view, "Generate").waitFor();
    assert.equal(await view.locator("figure").count(), count);
  }

  /** Chooses an entry of a quick pick by its label. */
  async pick(label) {
    await this.page
      .locator(".quick-input-list [role=option]")
      .filter({ has: this.page.locator(".label-name").getByText(label, { exact: true }) })
      .first()
      .click();
  }

  /** The save dialog's field holds a path; with `name` another is typed. @returns what the dialog proposed. */
  async saveAs(name) {
    const input = this.quickInput.locator("input.input");
    // The dialog shows the folder before it has the name.
    await this.page.waitForFunction(() =>
      /\/[^/]+\.\w+$/.test(document.querySelector(".quick-input-widget input.input")?.value ?? ""),
    );
    const proposed = await input.inputValue();
    if (name !== undefined) await input.fill(name.startsWith("/") ? name : path.join(path.dirname(proposed), name));
    await this.page.waitForTimeout(300);
    await input.press("Enter");
    return path.basename(proposed);
  }

  async notified(text) {
    await this.chat.notification.filter({ hasText: text }).first().waitFor();
  }
}

// The Models view as a person uses it: rows by their names, what can be done with them by its title.
import fs from "node:fs";
import path from "node:path";

export class ModelsView {
  /** @param model The row that is acted on. */
  constructor({ page, chat, box, model }) {
    this.model = model;
    this.page = page;
    this.chat = chat;
    this.settingsFile = path.join(box.ud, "Machine/settings.json");
    this.pane = page.locator(".pane").filter({ has: page.locator('.pane-header[aria-label^="Models"]') });
  }

  settings(changes) {
    fs.mkdirSync(path.dirname(this.settingsFile), { recursive: true });
    const before = fs.existsSync(this.settingsFile) ? JSON.parse(fs.readFileSync(this.settingsFile, "utf8")) : {};
    const after = { ...before, ...changes };
    for (const [name, value] of Object.entries(changes)) if (value === undefined) delete after[name];
    fs.writeFileSync(this.settingsFile, JSON.stringify(after));
    return after;
  }

  row(name) {
    return this.pane.getByRole("treeitem", { name: new RegExp(`^${name}(:|$)`) }).first();
  }

  async open() {
    await this.chat.command("Mini-Gemini: Focus on Models View");
    await this.row(this.model).waitFor();
  }

  /** Leaves the side bar to the chat. */
  async close() {
    await this.pane.locator(".pane-header").click();
    await this.row(this.model).waitFor({ state: "detached" });
  }

  async act(title) {
    await this.row(this.model).hover();
    await this.row(this.model).locator(`.action-label[aria-label^="${title}"]`).first().click();
  }

  /** Until the row says so. */
  async says(pattern) {
    const deadline = Date.now() + 120_000;
    let text = "";
    while (Date.now() < deadline) {
      text = (await this.row(this.model).getAttribute("aria-label")) ?? "";
      if (pattern.test(text)) return text;
      await this.page.waitForTimeout(150);
    }
    throw new Error(`${this.model} never said ${String(pattern)}, but ${text}`);
  }

  async dialog(button) {
    const dialog = this.page.locator(".monaco-dialog-box");
    await dialog.waitFor();
    await dialog.getByRole("button", { name: button }).click();
    await dialog.waitFor({ state: "detached" });
  }

  notificationButton(text, button) {
    return this.page
      .locator(".notification-list-item")
      .filter({ hasText: text })
      .getByRole("button", { name: button })
      .first();
  }
}

// The chat as a person uses it: by its labels, in a real workbench.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";

export const themes = {
  dark: "Dark Modern",
  light: "Light Modern",
  "high-contrast": "Dark High Contrast",
  "high-contrast-light": "Light High Contrast",
};

export class Chat {
  constructor({ page, box, shots }) {
    // On a busy machine a view can take a minute to appear.
    page.setDefaultTimeout(90_000);
    this.page = page;
    this.box = box;
    this.shots = shots;
    /**
     * <iframe class=webview> (the service worker's shell) > <iframe id=active-frame> (the extension's page). Nothing
     * tells it from those of the extension's panels: they are closed first.
     */
    this.view = page
      .frameLocator('iframe.webview.ready[src*="extensionId=mini-gemini.mini-gemini"]')
      .frameLocator("iframe#active-frame");
    this.field = this.view.locator(".composer textarea");
    this.answers = this.view.locator("article.assistant");
    this.questions = this.view.locator("article.user");
    this.attached = this.view.locator(".composer figure");
    /** What screen readers are told. */
    this.said = this.view.locator("[role=log] p");
    this.notification = page.locator(".notifications-toasts .notification-list-item-message");
    this.quickInput = page.locator(".quick-input-widget");
  }

  button(label, within = this.view) {
    return within.locator(`vscode-button[aria-label="${label}"]`);
  }

  /** The frame of the extension's page, to run scripts in. */
  async frame() {
    await this.field.waitFor({ state: "attached" });
    return (await this.field.elementHandle()).ownerFrame();
  }

  /** What has the focus in the view: its label, or else its text. */
  async focused() {
    const frame = await this.frame();
    return frame.evaluate(() => {
      const { activeElement } = document;
      return activeElement?.getAttribute("aria-label") ?? activeElement?.textContent ?? "";
    });
  }

  row(name) {
    return this.page.locator(".explorer-folders-view").getByRole("treeitem", { name, exact: true });
  }

  /** An entry of the activity bar. */
  tab(name) {
    return this.page.locator(`.activitybar .action-item:has([aria-label^="${name}"])`).first();
  }

  async showExplorer() {
    if ((await this.tab("Explorer").getAttribute("class")).includes("checked")) return;
    await this.tab("Explorer").click();
    await this.row("red.png").waitFor();
  }

  async show() {
    // A click on an entry that is just being marked closes its view again.
    for (let attempt = 0; attempt < 5; attempt++) {
      if (!(await this.tab("Mini-Gemini").getAttribute("class")).includes("checked"))
        await this.tab("Mini-Gemini").click();
      await this.field.waitFor({ timeout: 20_000 }).catch(() => undefined);
      if (await this.field.isVisible()) return;
    }
    throw new Error("the chat does not open");
  }

  async command(title) {
    const input = this.quickInput.locator("input.input");
    const entry = this.page.locator(`.quick-input-list [role=option][aria-label^="${title}"]`).first();
    // A view or an editor that is just opening can swallow the key, and a window that is just opening lacks commands.
    for (let attempt = 0; attempt < 10 && !(await entry.isVisible()); attempt++) {
      await this.page.keyboard.press("F1");
      await input.waitFor({ timeout: 2_000 }).catch(() => undefined);
      if (!(await input.isVisible())) continue;
      await input.fill(`>${title}`);
      await entry.waitFor({ timeout: 10_000 }).catch(() => undefined);
    }
    await entry.click();
  }

  /** Closes the extension's panels, so that its only page is the chat's. */
  async closePanels() {
    const tabs = this.page.locator(".tab").filter({ hasText: "Illustration" });
    if ((await tabs.count()) === 0) return;
    await this.command("View: Close All Editors");
    await tabs.first().waitFor({ state: "detached" });
  }

  async newChat() {
    await this.command("Mini-Gemini: New Chat");
    await this.view.locator(".welcome").waitFor();
    await this.field.waitFor();
  }

  /**
   * Chooses an entry of the explorer's context menu. A menu may open before the extension's entries are in it, and it
   * swallows a click within its first moments: it is closed and opened again.
   */
  async choose(file, entry) {
    await this.showExplorer();
    const items = this.page.locator(".monaco-menu [role=menuitem]");
    const item = items.filter({ hasText: entry }).first();
    for (let attempt = 0; attempt < 8; attempt++) {
      await this.row(file).click({ button: "right" });
      await items.first().waitFor();
      await this.page.waitForTimeout(250);
      if ((await item.count()) > 0) {
        await item.click();
        try {
          await item.waitFor({ state: "hidden", timeout: 2000 });
          return;
        } catch {
          // Swallowed.
        }
      }
      await this.page.keyboard.press("Escape");
      await this.page.waitForTimeout(500);
    }
    throw new Error(`the menu of ${file} did not give ${entry}`);
  }

  /** Asks, and waits for the end of the answer. @returns its article. */
  async ask(question) {
    const before = await this.answers.count();
    await this.send(question);
    const answer = this.answers.nth(before);
    await this.ended(answer);
    return answer;
  }

  async send(question) {
    await this.field.fill(question);
    await this.field.press("Enter");
  }

  async ended(answer) {
    await answer.waitFor();
    await answer.and(this.view.locator("[aria-busy=false]")).waitFor();
  }

  async attachFromExplorer(name) {
    const before = await this.attached.count();
    await this.button("Attach Image…", this.view.locator(".composer")).click();
    await this.quickInput.locator("input.input").fill(name);
    await this.page.locator(".quick-input-list [role=option]").filter({ hasText: name }).first().waitFor();
    await this.page.keyboard.press("Enter");
    await this.attached.nth(before).waitFor();
  }

  /** Pastes a file as the system's clipboard would give it. */
  async pasteFile(file, type = "image/png") {
    const bytes = fs.readFileSync(file).toString("base64");
    const frame = await this.frame();
    await this.field.focus();
    await frame.evaluate(
      async ([data, name, kind]) => {
        const blob = await (await fetch(`data:${kind};base64,${data}`).catch(() => undefined))?.blob();
        const content = blob ?? new Blob([Uint8Array.from(atob(data), (c) => c.charCodeAt(0))], { type: kind });
        const clipboardData = new DataTransfer();
        clipboardData.items.add(new File([content], name, { type: kind }));
        document.activeElement.dispatchEvent(
          new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }),
        );
      },
      [bytes, path.basename(file), type],
    );
  }

  /** The engine of the tests repeats what it was asked when the question has the word `echo`. */
  async echo(question = "echo") {
    const answer = await this.ask(question);
    return JSON.parse(await answer.locator(".code pre").first().textContent());
  }

  /** @param view Whether the chat is open, to wait for it to follow. */
  async theme(name, { view = true } = {}) {
    await this.command("Preferences: Color Theme");
    await this.quickInput.locator("input.input").fill(themes[name]);
    await this.page.locator(".quick-input-list [role=option]").filter({ hasText: themes[name] }).first().waitFor();
    await this.page.keyboard.press("Enter");
    const kind = { dark: "vs-dark", light: "vs", "high-contrast": "hc-black", "high-contrast-light": "hc-light" }[name];
    await this.page.locator(`.monaco-workbench.${kind}`).waitFor();
    if (!view) return;
    const own = { dark: "vscode-dark", light: "vscode-light" }[name] ?? `vscode-${name}`;
    await this.view.locator(`body.${own}`).waitFor();
    await this.page.waitForTimeout(400);
  }

  /** Drags the side bar's edge. */
  async width(pixels) {
    const bar = await this.page.locator(".part.sidebar").boundingBox();
    const edge = bar.x + bar.width;
    await this.page.mouse.move(edge, 400);
    await this.page.waitForTimeout(400);
    await this.page.mouse.down();
    await this.page.mouse.move(bar.x + pixels, 400, { steps: 6 });
    await this.page.mouse.up();
    await this.page.mouse.move(900, 300);
    await this.page.waitForTimeout(500);
    return Math.round((await this.page.locator(".part.sidebar").boundingBox()).width);
  }

  async shot(name, clip) {
    await this.page.waitForTimeout(250);
    const file = path.join(this.shots, `${name}.png`);
    const area = clip === "sidebar" ? await this.page.locator(".part.sidebar").boundingBox() : undefined;
    await this.page.screenshot({ path: file, animations: "disabled", ...(area ? { clip: area } : {}) });
  }

  async closeNotifications() {
    await this.command("Notifications: Clear All Notifications");
    assert.equal(await this.notification.count(), 0);
  }
}

// A VS Code server of its own with the extension as it is in this tree, and a window on it.
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { Chat } from "./chat.mjs";
import { makeSandbox, openWorkbench, removeSandbox, startBrowser, startServer } from "./lib.mjs";
import { writeWorkspace } from "./pictures.mjs";

const root = path.resolve(import.meta.dirname, "../..");

export class Session {
  /** What the windows' consoles said of errors. */
  said = [];

  /** @param shots The folder for screenshots. */
  static async start({ shots, environment = {} }) {
    const session = new Session();
    session.shots = shots;
    session.box = makeSandbox();
    installFromSource(session.box);
    await writeWorkspace(session.box.ws);
    session.server = await startServer(session.box, environment);
    session.browser = await startBrowser();
    await session.openWindow();
    return session;
  }

  /** A new window instead of the one there is; whatever still waits for something in that one fails. */
  async openWindow() {
    await this.context?.close();
    const { ctx, page, blocked } = await openWorkbench(this.browser, this.server.url, { folder: this.box.ws });
    await ctx.grantPermissions(["clipboard-read", "clipboard-write"], { origin: this.server.url });
    this.context = ctx;
    this.blocked = blocked;
    await this.#use(page);
  }

  /** The window ends without a word, and the same browser opens it again. */
  async crash() {
    const address = this.page.url();
    await this.page.close({ runBeforeUnload: false });
    const page = await this.context.newPage();
    await page.goto(address, { timeout: 120_000 });
    await this.#use(page);
  }

  /**
   * A window beside the one there is, as of another browser. Its server now and then mixes up what two windows ask for as
   * they open, and leaves the extensions out: then it is opened again. @returns its chat, and what closes it.
   */
  async openBeside() {
    for (let attempt = 1; ; attempt++) {
      const { ctx, page } = await openWorkbench(this.browser, this.server.url, { folder: this.box.ws });
      const close = () => ctx.close();
      try {
        return { chat: await this.#chatIn(page, { timeout: 30_000 }), close };
      } catch (error) {
        await close();
        if (attempt === 3) throw error;
      }
    }
  }

  /** How many processes of the server have these words on their command line. */
  processes(words) {
    const { stdout } = spawnSync("pgrep", ["--pgroup", String(this.server.child.pid), "--full", words]);
    return String(stdout).split("\n").filter(Boolean).length;
  }

  async #use(page) {
    this.page = page;
    this.chat = await this.#chatIn(page);
  }

  async #chatIn(page, patience = {}) {
    page.on("console", (message) => {
      if (message.type() === "error") this.said.push(message.text().slice(0, 300));
    });
    page.on("pageerror", (error) => this.said.push(String(error.stack).slice(0, 600)));
    const chat = new Chat({ page, box: this.box, shots: this.shots });
    await chat.tab("Mini-Gemini").waitFor(patience);
    return chat;
  }

  async close() {
    await this.browser.close();
    await this.server.stop();
    removeSandbox(this.box);
  }
}

function installFromSource(sandbox) {
  const { name, publisher, version } = JSON.parse(fs.readFileSync(path.join(root, "package.json"), "utf8"));
  const id = `${publisher}.${name}`;
  const folder = `${id}-${version}`;
  const link = path.join(sandbox.dir, "ext", folder);
  fs.symlinkSync(root, link);
  fs.writeFileSync(
    path.join(sandbox.dir, "ext/extensions.json"),
    JSON.stringify([
      {
        identifier: { id },
        version,
        location: { $mid: 1, path: link, scheme: "file" },
        relativeLocation: folder,
        metadata: {},
      },
    ]),
  );
}

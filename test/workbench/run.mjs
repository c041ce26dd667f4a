// Drives the extension in a real VS Code, by mouse and keyboard. One TAP line for each scenario; see test/README.md.
// usage: node run.mjs [part of a scenario's name]
import fs from "node:fs";
import path from "node:path";
import { Chat } from "./chat.mjs";
import { hostErrors, makeSandbox, openWorkbench, removeSandbox, startBrowser, startServer } from "./lib.mjs";
import { writeWorkspace } from "./pictures.mjs";

const root = path.resolve(import.meta.dirname, "../..");
const shots = path.join(import.meta.dirname, "artifacts");
const wanted = process.argv[2] ?? "";
fs.mkdirSync(shots, { recursive: true });

const files = fs.readdirSync(path.join(import.meta.dirname, "scenarios")).sort();
const modules = await Promise.all(files.map((file) => import(`./scenarios/${file}`)));
const scenarios = modules
  .flatMap((module) => module.scenarios)
  .filter(({ name }) => name.toLowerCase().includes(wanted.toLowerCase()));

const opened = [];
let failed = 0;
let troubles = 0;
try {
  const main = await openChat({ MINI_GEMINI_TEST_ENGINE: path.join(shots, "fake-engine.js") });
  for (const { name, run, skip } of scenarios) {
    const reason = skip?.();
    if (reason !== undefined) {
      console.log(`ok - ${name} # SKIP ${reason}`);
      continue;
    }
    if (await attempt(name, run, main)) console.log(`ok - ${name}`);
    // A headless browser on a busy machine loses a key or a click now and then: once more, and said so.
    else if (await attempt(name, run, main)) console.log(`ok - ${name} (at the second try)`);
    else {
      failed++;
      console.log(`not ok - ${name}`);
    }
  }
  const errors = hostErrors(main.box, "mini-gemini");
  console.log(`${errors.length === 0 ? "ok" : "not ok"} - leaves no error in the extension host's log`);
  for (const error of errors) console.log(error.slice(0, 600).replace(/^/gm, "  "));
  failed += errors.length;
} finally {
  for (const { close } of opened) await close();
}
process.exitCode = failed > 0 ? 1 : 0;

/** @returns whether a scenario went through; where it did not, says why and leaves a picture. */
async function attempt(name, run, main) {
  for (const { said } of opened) said.length = 0;
  try {
    if (!name.startsWith("illustrations")) await main.chat.closePanels();
    await run({ ...main, openChat, shots });
    return true;
  } catch (error) {
    const said = opened.flatMap((one) => one.said);
    console.log(`# ${name}`);
    console.log([String(error.stack).slice(0, 2000), ...said].join("\n").replace(/^/gm, "  "));
    await main.chat.shot(`failed-${++troubles}`).catch(() => undefined);
    // What the scenario left held down or open is no start for the next.
    await main.page.mouse.up().catch(() => undefined);
    await main.page.keyboard.up("Shift").catch(() => undefined);
    await main.page.keyboard.press("Escape").catch(() => undefined);
    return false;
  }
}

/** A VS Code of its own with the extension and the test's workspace. */
async function openChat(environment = {}) {
  const box = makeSandbox();
  installFromSource(box);
  await writeWorkspace(box.ws);
  const server = await startServer(box, environment);
  const browser = await startBrowser();
  const said = [];
  const close = async () => {
    await browser.close();
    await server.stop();
    removeSandbox(box);
  };
  opened.push({ close, said });
  const { page, ctx, blocked } = await openWorkbench(browser, server.url, { folder: box.ws });
  page.on("console", (message) => {
    if (message.type() === "error") said.push(message.text().slice(0, 300));
  });
  page.on("pageerror", (error) => said.push(String(error.stack).slice(0, 600)));
  await ctx.grantPermissions(["clipboard-read", "clipboard-write"], { origin: server.url });
  const chat = new Chat({ page, box, shots });
  await page.locator('.activitybar .action-label[aria-label="Mini-Gemini"]').first().waitFor();
  await chat.row("red.png").waitFor();
  return { chat, page, box, blocked, browser, server };
}

/** The extension as it is in this tree, bundled. */
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

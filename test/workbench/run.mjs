// Drives the extension in a real VS Code, by mouse and keyboard. One TAP line for each scenario; see test/README.md.
// usage: node run.mjs [regular expression that a scenario's name matches]
import fs from "node:fs";
import path from "node:path";
import { hostErrors } from "./lib.mjs";
import { Session } from "./session.mjs";

const shots = path.join(import.meta.dirname, "artifacts");
const wanted = new RegExp(process.argv[2] ?? "", "i");
/** Nothing a scenario waits for takes as long; a few name their own limit. */
const scenarioSeconds = 150;
/** Where this is used up something is wrong with the machine, and the scenarios left would tell nothing new. */
const wholeSeconds = 15 * 60;
fs.mkdirSync(shots, { recursive: true });

const files = fs.readdirSync(path.join(import.meta.dirname, "scenarios")).sort();
const modules = await Promise.all(files.map((file) => import(`./scenarios/${file}`)));
const scenarios = modules.flatMap((module) => module.scenarios).filter(({ name }) => wanted.test(name));

const sessions = [];
async function openSession(environment = {}) {
  const session = await Session.start({ shots, environment });
  sessions.push(session);
  return session;
}

let failed = 0;
let troubles = 0;
const started = performance.now();
const secondsSince = (time) => (performance.now() - time) / 1000;
try {
  const main = await openSession({ MINI_GEMINI_TEST_ENGINE: path.join(shots, "fake-engine.js") });
  for (const scenario of scenarios) {
    const reason = scenario.skip?.();
    const begun = performance.now();
    if (reason !== undefined) console.log(`ok - ${scenario.name} # SKIP ${reason}`);
    else if (secondsSince(started) > wholeSeconds) {
      failed++;
      console.log(`not ok - ${scenario.name} (not tried: the scenarios before took too long)`);
    } else if (await attempt(scenario, main))
      console.log(`ok - ${scenario.name} (${secondsSince(begun).toFixed(1)} s)`);
    // A headless browser on a busy machine loses a key or a click now and then: once more, and said so.
    else if (await attempt(scenario, main)) console.log(`ok - ${scenario.name} (at the second try)`);
    else {
      failed++;
      console.log(`not ok - ${scenario.name}`);
    }
  }
  const errors = hostErrors(main.box, "mini-gemini");
  console.log(`${errors.length === 0 ? "ok" : "not ok"} - leaves no error in the extension host's log`);
  for (const error of errors) console.log(error.slice(0, 600).replace(/^/gm, "  "));
  failed += errors.length;
} finally {
  for (const session of sessions) await session.close();
}
process.exitCode = failed > 0 ? 1 : 0;

/** @returns whether a scenario went through; where it did not, says why, leaves a picture and opens a new window. */
async function attempt({ name, run, panel = false, limit = scenarioSeconds }, main) {
  for (const { said } of sessions) said.length = 0;
  let timer;
  const tooLong = new Promise((resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${limit} s`)), limit * 1000);
  });
  try {
    const { chat, page, box, blocked } = main;
    const done = async () => {
      if (!panel) await chat.closePanels();
      await run({ chat, page, box, blocked, main, openSession, shots });
    };
    await Promise.race([done(), tooLong]);
    return true;
  } catch (error) {
    const said = sessions.flatMap((one) => one.said);
    console.log(`# ${name}`);
    console.log([String(error.stack).slice(0, 2000), ...said].join("\n").replace(/^/gm, "  "));
    troubles++;
    for (const [at, page] of sessions.flatMap(({ context }) => context.pages()).entries()) {
      await page.screenshot({ path: path.join(shots, `failed-${troubles}-${at + 1}.png`) }).catch(() => undefined);
    }
    // What the scenario left open, held down or waiting is no start for the next.
    await main.openWindow();
    return false;
  } finally {
    clearTimeout(timer);
  }
}

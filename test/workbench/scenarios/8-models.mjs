// The Models view against a hub on this machine: get, pause, resume, use, verify, delete, and a server that refuses.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { build } from "esbuild";
import { ModelsView } from "../models-view.mjs";

const root = path.resolve(import.meta.dirname, "../../..");
const golden = path.join(root, "test/golden/fixtures/mgm");
const model = "MGM-7B";

/** The hub of the unit tests, with one tiny checkpoint under the name that the catalogue has. */
async function startHub(shots) {
  const outfile = path.join(shots, "hub-server.mjs");
  const catalogueFile = path.join(shots, "model-catalogue.mjs");
  const common = { bundle: true, platform: "node", format: "esm", logLevel: "error" };
  await build({ ...common, entryPoints: [path.join(root, "test/unit/library/hub-server.ts")], outfile });
  await build({ ...common, entryPoints: [path.join(root, "src/shared/model-catalogue.ts")], outfile: catalogueFile });
  const { HubServer } = await import(outfile);
  const { encoders } = await import(catalogueFile);
  const hub = new HubServer();
  const openAi = path.join(golden, "encoders/OpenAI");
  hub.publish(`YanweiLi/${model}`, "0".repeat(40), path.join(golden, "checkpoints", model));
  const { lowResolution: low, highResolution: high } = encoders;
  hub.publish(low.repository, low.revision, path.join(openAi, low.id));
  const convNext = "openclip-convnext-large-d-320-laion2B-s29B-b131K-ft-soup";
  hub.publish(high.repository, high.revision, path.join(openAi, convNext));
  await hub.start();
  return hub;
}

export const scenarios = [
  {
    name: "models: got from a hub, paused and resumed, used, verified and deleted",
    run: async ({ chat, page, box, shots }) => {
      const hub = await startHub(shots);
      const view = new ModelsView({ page, chat, box, model });
      try {
        view.settings({ "miniGemini.models.endpoint": hub.endpoint });
        await view.open();
        await view.says(/not here/);
        await chat.shot("models");

        hub.pause = 3000;
        await view.act("Get Model");
        await view.says(/downloading \d+%/);
        await chat.shot("models-downloading");
        await view.act("Pause Getting Model");
        await view.says(/paused at \d+%/);
        hub.pause = 0;
        await view.act("Resume Getting Model");
        await view.notificationButton(`${model} is ready.`, "Use It").click();
        await view.says(/ready, chosen/);
        const chosen = view.settings({})["miniGemini.model.folder"] ?? userSetting(box, "miniGemini.model.folder");
        assert.match(String(chosen), /prepared[\\/]MGM-7B-int4-[0-9a-f]{12}$/);
        await chat.shot("models-ready");

        await chat.command("Mini-Gemini: Verify Model");
        await page.locator(".quick-input-list [role=option]").filter({ hasText: model }).first().waitFor();
        await page.keyboard.press("Enter");
        await page.locator(".notification-list-item").filter({ hasText: "is what was published" }).first().waitFor();

        await chat.command("Mini-Gemini: Delete Model…");
        await page.locator(".quick-input-list [role=option]").filter({ hasText: model }).first().waitFor();
        await page.keyboard.press("Enter");
        await view.dialog("Delete");
        await view.says(/not here/);
        assert.ok(!fs.existsSync(String(chosen)));
      } finally {
        view.settings({ "miniGemini.models.endpoint": undefined });
        await hub.stop();
      }
    },
  },
  {
    name: "models: a server that wants a token is told about, with the next step as a button",
    run: async ({ chat, page, box, shots }) => {
      const hub = await startHub(shots);
      const view = new ModelsView({ page, chat, box, model });
      try {
        hub.token = "hf_test";
        view.settings({ "miniGemini.models.endpoint": hub.endpoint });
        await view.open();
        await view.act("Get Model");
        const button = view.notificationButton("does not give", "Set Access Token…");
        await button.waitFor();
        await view.notificationButton("does not give", "Open Settings").waitFor();
        await chat.shot("models-token");
        await button.click();
        const input = chat.quickInput.locator("input.input");
        await input.fill("hf_test");
        await input.press("Enter");
        await view.says(/ready/);
        assert.ok(hub.requests.some(({ authorization }) => authorization === "Bearer hf_test"));
        await chat.command("Mini-Gemini: Delete Model…");
        await page.locator(".quick-input-list [role=option]").filter({ hasText: model }).first().waitFor();
        await page.keyboard.press("Enter");
        await view.dialog("Delete");
        await view.says(/not here/);
      } finally {
        view.settings({ "miniGemini.models.endpoint": undefined });
        await hub.stop();
      }
    },
  },
];

function userSetting(box, name) {
  const file = path.join(box.ud, "User/settings.json");
  return JSON.parse(fs.readFileSync(file, "utf8"))[name];
}

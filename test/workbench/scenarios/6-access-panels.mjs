// The illustration panel and the Models view for everyone: in every theme, and for screen readers.
import assert from "node:assert/strict";
import path from "node:path";
import { findings } from "../axe.mjs";
import { themes } from "../chat.mjs";
import { Illustrations } from "../illustrations.mjs";
import { ModelsView } from "../models-view.mjs";

export const scenarios = Object.keys(themes).map((theme) => ({
  name: `has no serious finding of axe in the illustration panel and the Models view (${theme})`,
  run: async ({ chat, page, box }) => {
    const found = [];
    const illustrations = new Illustrations({ page, box, chat });
    await chat.show();
    await chat.theme(theme);
    illustrations.model(illustrations.fakeModel());
    const view = await illustrations.open();
    await illustrations.button(view, "Generate").and(view.locator(":not([disabled])")).waitFor();
    for (let left = await view.locator("figure").count(); left > 0; left--) {
      await illustrations.button(view, "Remove").first().click();
      await view
        .locator("figure")
        .nth(left - 1)
        .waitFor({ state: "detached" });
    }
    found.push(...(await findings(view)));
    await view.locator("summary").click();
    await illustrations.generate(view, "slow snail");
    await view.locator("canvas:visible").waitFor();
    found.push(...(await findings(view)));
    await illustrations.button(view, "Stop").click();
    await view.locator(".failure").getByText("Stopped.").waitFor();
    await illustrations.generate(view, "a red rocket");
    await illustrations.pictures(view, 1);
    found.push(...(await findings(view)));
    await chat.shot(`panel-${theme}`);
    await illustrations.generate(view, "crash");
    await view.locator(".failure").waitFor();
    illustrations.model(path.join(box.dir, "nowhere"));
    await view.locator(".notice").waitFor();
    found.push(...(await findings(view)));
    await chat.shot(`panel-troubles-${theme}`);
    illustrations.model(illustrations.fakeModel());
    await chat.closePanels();
    const models = new ModelsView({ page, chat, box, model: "MGM-7B" });
    await models.open();
    // VS Code's own tree puts a row's name and description side by side without a space, which axe takes for one word.
    const rules = { "label-content-name-mismatch": { enabled: false } };
    found.push(...(await findings(page, ".pane:has(.pane-header[aria-label^='Models']) .pane-body", rules)));
    await chat.shot(`models-${theme}`);
    await models.close();
    assert.deepEqual([...new Set(found)], []);
  },
}));

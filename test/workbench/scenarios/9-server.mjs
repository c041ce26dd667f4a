// A server that answers in the local model's place: asked for first, its token wanted, named with what it says.
import assert from "node:assert/strict";
import { ModelsView } from "../models-view.mjs";

export const scenarios = [
  {
    name: "a server that wants a token: agreed to first, the next step as a button, and its name with the answer",
    run: async ({ chat, page, box }) => {
      const view = new ModelsView({ page, chat, box, model: "MGM-7B" });
      const address = "http://127.0.0.1:9/v1";
      const answer = chat.answers.first();
      try {
        await chat.newChat();
        view.settings({ "miniGemini.engine.server.url": address });
        await chat.view.getByText("127.0.0.1:9 answers").first().waitFor();
        await chat.send("Who answers?");
        await page.locator(".monaco-dialog-box").filter({ hasText: "Send questions and images" }).waitFor();
        await chat.shot("server-consent");
        await view.dialog("Send");
        const failure = answer.locator(".failure");
        await failure.waitFor();
        await chat.shot("server-token", "sidebar");
        await failure.locator("vscode-button").filter({ hasText: "Set Server Token…" }).click();
        const input = chat.quickInput.locator("input.input");
        await input.fill("right-token");
        await chat.shot("server-token-input");
        await input.press("Enter");
        // With the token it is asked again by itself.
        await answer.locator(".code").first().waitFor();
        await chat.ended(answer);
        assert.match(await answer.locator(".model").innerText(), /Scripted \(127\.0\.0\.1:9\)/);
        await chat.shot("server-answer", "sidebar");

        await chat.command("Mini-Gemini: Choose Model…");
        const choices = page.locator(".quick-input-list [role=option]");
        await choices.filter({ hasText: "Stop Asking 127.0.0.1:9" }).waitFor();
        await choices.filter({ hasText: "Starter model" }).filter({ hasText: "chosen" }).waitFor();
        for (const theme of ["dark", "high-contrast"]) {
          await page.keyboard.press("Escape");
          await chat.theme(theme);
          await chat.command("Mini-Gemini: Choose Model…");
          await choices.filter({ hasText: "Stop Asking 127.0.0.1:9" }).waitFor();
          await chat.shot(`choose-model-${theme}`);
        }
        await page.keyboard.press("Enter");
        await chat.view.getByText("127.0.0.1:9 answers").first().waitFor({ state: "hidden" });
      } finally {
        view.settings({ "miniGemini.engine.server.url": undefined });
      }
    },
  },
];

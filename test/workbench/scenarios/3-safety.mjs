// What an answer may not do, and what happens when the engine ends.
import assert from "node:assert/strict";

export const scenarios = [
  {
    name: "leaves a hostile answer inert: no script, no request, no command, no page but what is asked for",
    run: async ({ chat, page, blocked }) => {
      await chat.newChat();
      const requests = [];
      const listen = (request) => requests.push(request.url());
      page.on("request", listen);
      const answer = await chat.ask("hostile");
      await page.waitForTimeout(1500);
      page.off("request", listen);
      const frame = await chat.frame();
      assert.equal(await frame.evaluate(() => document.title), "Mini-Gemini");
      const body = answer.locator(".body");
      for (const tag of ["img", "script", "iframe", "style", "object", "embed", "form", "a[href]"]) {
        // Locators look into the diagram's shadow tree too; only its own style may be there.
        const found = await body.locator(tag).count();
        const drawn = tag === "style" ? await body.locator(".diagram style").count() : 0;
        assert.equal(found - drawn, 0, tag);
      }
      assert.deepEqual(
        await body.locator("[data-target]").evaluateAll((links) => links.map((link) => link.dataset.target)),
        ["https://remote.invalid/login"],
      );
      assert.match(await body.innerText(), /quit \(command:workbench\.action\.quit\)/);
      assert.match(await body.innerText(), /bank \(https:\/\/remote\.invalid\/login\)/);
      assert.deepEqual(
        [...blocked, ...requests].filter((url) => url.includes("remote.invalid")),
        [],
      );
      await chat.shot("hostile");
      await body.locator('[data-target="https://remote.invalid/login"]').click();
      const dialog = page.locator(".monaco-dialog-box");
      await dialog.filter({ hasText: "https://remote.invalid/login" }).waitFor();
      await chat.shot("link");
      await page.keyboard.press("Escape");
      await dialog.waitFor({ state: "detached" });
    },
  },
  {
    name: "has a policy that names its own script only",
    run: async ({ chat }) => {
      const frame = await chat.frame();
      const policy = await frame.evaluate(
        () => document.querySelector('meta[http-equiv="Content-Security-Policy"]').content,
      );
      assert.match(policy, /^default-src 'none'; script-src 'nonce-[0-9a-f]{32}';/);
      assert.doesNotMatch(
        policy.replace(/style-src[^;]*/, ""),
        /unsafe|\*(?!\.)|https?:\/\/(?!\*\.vscode|[^ ]*vscode)/,
      );
      const injected = await frame.evaluate(async () => {
        const script = document.createElement("script");
        script.textContent = "document.title = 'owned'";
        document.body.append(script);
        await new Promise((resolve) => setTimeout(resolve, 200));
        script.remove();
        return document.title;
      });
      assert.equal(injected, "Mini-Gemini");
    },
  },
  {
    name: "recovers when the engine is killed amid an answer, losing nothing",
    run: async ({ chat }) => {
      await chat.newChat();
      await chat.attachFromExplorer("red.png");
      await chat.ask("What colour is it?");
      await chat.send("crash");
      const failure = chat.view.locator(".failure");
      await failure.filter({ hasText: "The engine stopped unexpectedly" }).waitFor();
      assert.match(await chat.answers.last().locator(".body").innerText(), /^The build/);
      await chat.shot("crash");
      await chat.questions.last().hover();
      await chat.button("Edit and Resend", chat.questions.last()).click();
      const field = chat.questions.last().locator("textarea");
      await field.fill("echo after all");
      await field.press("Enter");
      await failure.waitFor({ state: "detached" });
      await chat.ended(chat.answers.last());
      const turns = JSON.parse(await chat.answers.last().locator("pre").textContent());
      assert.deepEqual(
        turns.map(({ role }) => role),
        ["user", "assistant", "user"],
      );
      assert.equal(turns[0].images.length, 1);
    },
  },
];

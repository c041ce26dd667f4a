// Asking and what comes back.
import assert from "node:assert/strict";

export const scenarios = [
  {
    name: "explains an image by right click",
    run: async ({ chat }) => {
      await chat.choose("build-error.png", "Explain Image");
      const answer = chat.answers.first();
      await chat.ended(answer);
      await answer.locator(".diagram svg").waitFor();
      assert.match(await chat.questions.first().innerText(), /read 9 lines of text, 64 visual tokens/);
      assert.equal(await answer.locator(".katex").count(), 3);
      assert.equal(await answer.locator(".code pre .hljs-keyword").first().innerText(), "export");
      await chat.shot("explain");
    },
  },
];

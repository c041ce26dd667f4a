/** An engine that answers from a script over the real protocol, for tests of the user interface. */
import { Peer, type Frame } from "../../src/shared/peer";
import { FailureError } from "../../src/shared/failure";
import type { HostToEngine, LoadedModel } from "../../src/shared/protocol";
import { drawing } from "./fake-generate";

const model: LoadedModel = {
  name: "Scripted",
  precision: "f32",
  device: "cpu",
  visualTokensPerImage: 64,
  contextLength: 2048,
  starter: true,
  milliseconds: 1,
  notices: [],
};

const plain =
  "The build failed in **parser.ts**.\n\n```mermaid\ngraph TD; A[Image]-->B[Answer];\n```\n\n| a | b |\n|---|---|\n| 1 | $x^2$ |\n";
const hostile =
  "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">" +
  "![pixel](https://remote.invalid/pixel.png) [click](command:workbench.action.quit) END";

const wait = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

new Peer<Record<string, never>, HostToEngine>(
  {
    post: (frame) => process.send?.(frame),
    onFrame: (listener) =>
      process.on("message", (frame) => {
        listener(frame as Frame);
      }),
  },
  {
    load: () => Promise.resolve(model),
    prepare: () => Promise.reject(new FailureError({ code: "model-not-loaded" })),
    unload: () => Promise.resolve({}),
    status: () => Promise.resolve({ state: "ready", model, rssBytes: 0, peakRssBytes: 0, idleMilliseconds: 0 }),
    ...drawing,
    explain: async ({ turns }, { signal, part }) => {
      const asked = turns.at(-1);
      const question = asked?.text ?? "";
      if (asked?.role === "user") {
        asked.images.forEach((_image, index) => {
          part({
            kind: "image",
            index,
            width: 64,
            height: 32,
            visualTokens: 64,
            ocr: [{ text: "x", confidence: 1, box: [] }],
          });
        });
      }
      part({ kind: "stage", stage: "reading-text", done: 0, total: 1 });
      const answer = question.includes("hostile") ? hostile : question.includes("slow") ? "word ".repeat(2000) : plain;
      let text = "";
      for (const word of answer.split(/(?<= )/)) {
        await wait(10);
        if (signal.aborted) throw new FailureError({ code: "cancelled" });
        if (question.includes("crash") && text.length > 20) process.exit(7);
        part({ kind: "text", text: word });
        text += word;
      }
      const timings = { load: 0, preprocess: 0, ocr: 0, encode: 0, prefill: 0, decode: 0, total: 0 };
      const counts = { tokens: 1, promptTokens: 1, cachedTokens: 0, visualTokens: 64, imagePrompts: [] };
      return { text, ...counts, stopped: "end", timings, decodeTokensPerSecond: 1, peakRssMiB: 1 };
    },
  },
);
process.on("disconnect", () => process.exit(0));

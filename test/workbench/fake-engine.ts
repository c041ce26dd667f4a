/** An engine that answers from a script over the real protocol, for tests of the user interface. */
import { Peer, type Frame } from "../../src/shared/peer";
import { readFileSync } from "node:fs";
import { FailureError } from "../../src/shared/failure";
import type { HostToEngine, LoadedModel, LoadParams, Stage, Turn } from "../../src/shared/protocol";
import { answerTo } from "./fake-answers";
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

/** The one token that a server of the tests takes. */
const rightToken = "right-token";

function modelOf({ model: folder, server }: LoadParams): LoadedModel {
  // A folder of this name stands for a checkpoint that writes prompts of pictures.
  if (server === undefined) return { ...model, starter: !folder.endsWith("scripted-mgm") };
  const { host } = new URL(server.url);
  if (server.token !== rightToken) throw new FailureError({ code: "server-unauthorised", server: host, status: 401 });
  return { ...model, name: "Scripted", server: host, starter: false };
}

const wait = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

const stages: readonly Stage[] = ["decoding", "reading-text", "looking", "looking-closely", "thinking", "writing"];

/** What was asked, as JSON: the turns, the images with their sizes as PNG states them. */
function echo(turns: readonly Turn[]): string {
  const told = turns.map((turn) =>
    turn.role === "assistant"
      ? turn
      : {
          ...turn,
          images: turn.images.map(({ name, data, crop }) => {
            const bytes = data.kind === "file" ? readFileSync(data.file) : Buffer.from(data.bytes);
            return { name, crop, bytes: bytes.length, width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) };
          }),
        },
  );
  return `\`\`\`json\n${JSON.stringify(told, null, 1)}\n\`\`\``;
}

new Peer<Record<string, never>, HostToEngine>(
  {
    post: (frame) => process.send?.(frame),
    onFrame: (listener) =>
      process.on("message", (frame) => {
        listener(frame as Frame);
      }),
  },
  {
    load: (params) => Promise.resolve(params).then(modelOf),
    prepare: () => Promise.reject(new FailureError({ code: "model-not-loaded" })),
    unload: () => Promise.resolve({}),
    status: () => Promise.resolve({ state: "ready", model, rssBytes: 0, peakRssBytes: 0, idleMilliseconds: 0 }),
    ...drawing,
    explain: async ({ turns, drawing: draws = false }, { signal, part }) => {
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
            ocr: Array.from({ length: 9 }, () => ({ text: "x", confidence: 1, box: [] })),
          });
        });
      }
      for (const stage of stages) {
        part({ kind: "stage", stage, done: 0, total: 1 });
        // Held there until it is stopped.
        while (question.includes("hold") && stage === "looking-closely" && !signal.aborted) await wait(20);
        await wait(5);
        if (signal.aborted) throw new FailureError({ code: "cancelled" });
      }
      const answer = question.includes("echo") ? echo(turns) : draws ? "Here it is." : answerTo(question);
      let text = "";
      for (const word of answer.split(/(?<= )/)) {
        await wait(question.includes("slow") ? 50 : 10);
        if (signal.aborted) throw new FailureError({ code: "cancelled" });
        if (question.includes("crash") && text.length > 20) process.exit(7);
        part({ kind: "text", text: word });
        text += word;
      }
      if (question.includes("repeat")) part({ kind: "notice", notice: { code: "answer-repeats", tokens: 96 } });
      const timings = { load: 0, preprocess: 0, ocr: 0, encode: 0, prefill: 0, decode: 0, total: 0 };
      const imagePrompts = draws ? ["a draft", `${question} in oil, by moonlight`] : [];
      for (const prompt of imagePrompts) part({ kind: "image-prompt", prompt });
      const counts = { tokens: 1, promptTokens: 1, cachedTokens: 0, visualTokens: 64, imagePrompts };
      return { text, ...counts, stopped: "end", timings, decodeTokensPerSecond: 1, peakRssMiB: 1 };
    },
  },
);
process.on("disconnect", () => process.exit(0));

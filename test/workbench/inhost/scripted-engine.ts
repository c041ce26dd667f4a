/**
 * An engine for tests of the extension host: the real protocol, and behaviour by the name of the model's folder.
 *
 * It answers with what it was asked, so that a test can see it.
 */
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { FailureError } from "../../../src/shared/failure";
import { type Frame, Peer } from "../../../src/shared/peer";
import type { HostToEngine, LoadedModel, LoadParams, OcrLine, ServerAddress } from "../../../src/shared/protocol";
import { drawing } from "../fake-generate";

let model: LoadedModel | null = null;
let asked = "";
let server: ServerAddress | undefined;

const megabyte = 2 ** 20;

const line = (text: string): OcrLine => ({ text, confidence: 1, box: [] });
const ocrOf = (name: string): readonly OcrLine[] =>
  name.includes("error") ? [line("TypeError: x is undefined"), line("    at run (src/app.ts:3:5)")] : [line("x")];

function loaded({ model: folder, precision, server }: LoadParams): LoadedModel {
  if (server !== undefined) {
    const unknown = { precision: null, device: null, visualTokensPerImage: null, contextLength: null };
    const name = server.model === "" ? "first" : server.model;
    return { name, server: new URL(server.url).host, ...unknown, starter: false, milliseconds: 1, notices: [] };
  }
  const name = path.basename(folder);
  const sizes = { visualTokensPerImage: 64, contextLength: 2048, milliseconds: 1 };
  const notices = name === "noticed" ? [{ code: "device-fell-back", device: "cuda", reason: "none" } as const] : [];
  return { name, precision, device: "cpu", ...sizes, starter: name === "starter", notices };
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
    load: async (params, { signal, part }) => {
      asked = path.basename(params.model);
      server = params.server;
      if (asked === "missing") throw new FailureError({ code: "model-folder-missing", folder: params.model });
      for (let done = 0; done < (asked === "slow-load" ? 80 : 2); done++) {
        part({ stage: "loading", done, total: 80 });
        await wait(asked === "slow-load" ? 50 : 1);
        if (signal.aborted) throw new FailureError({ code: "cancelled" });
      }
      if (asked === "crash-at-load") {
        process.stderr.write("scripted: cannot go on\n");
        process.exit(7);
      }
      if (asked === "hang-at-load") while (performance.now() > 0);
      model = loaded(params);
      return model;
    },
    prepare: () => Promise.reject(new FailureError({ code: "model-not-loaded" })),
    unload: () => Promise.resolve({}),
    status: () =>
      Promise.resolve({ state: "ready", model, rssBytes: 512 * megabyte, peakRssBytes: 0, idleMilliseconds: 0 }),
    ...drawing,
    explain: async ({ turns, sampling, ocr }, { signal, part }) => {
      const last = turns.at(-1);
      if (last?.role !== "user") throw new FailureError({ code: "prompt-empty" });
      for (const [index, { name, data }] of last.images.entries()) {
        if (data.kind === "bytes" && data.bytes.length === 0)
          throw new FailureError({ code: "image-empty", image: name });
        part({
          kind: "image",
          index,
          width: 64,
          height: 32,
          visualTokens: server === undefined ? 64 : null,
          ocr: ocrOf(name),
        });
      }
      const told = {
        question: last.text,
        images: last.images.map(({ name }) => name),
        turns: turns.length,
        temperature: sampling.temperature,
        maxTokens: sampling.maxTokens,
        ocr,
        server,
      };
      const hostile = last.images.some(({ name }) => name.includes("hostile"));
      const answer = hostile ? "![x](https://remote.invalid/x.png) [y](command:z) <b>w</b>" : JSON.stringify(told);
      const words = last.text.includes("slow") ? "word ".repeat(2000) : answer;
      let text = "";
      for (const word of words.split(/(?<= )/)) {
        await wait(5);
        if (signal.aborted && asked !== "deaf") throw new FailureError({ code: "cancelled" });
        if (last.text.includes("crash") && text !== "") process.exit(7);
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

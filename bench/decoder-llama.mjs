// node-llama-cpp on a GGUF file. Run in a folder where node-llama-cpp is installed (it is no dependency of this project).
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [packages, file] = process.argv.slice(2);
const resolve = createRequire(path.join(packages, "package.json")).resolve;
const { getLlama } = await import(pathToFileURL(resolve("node-llama-cpp")).href);
const promptTokens = 600;
const decodeTokens = 24;

const llama = await getLlama({ gpu: false, build: "never", logLevel: "error" });
const model = await llama.loadModel({ modelPath: file, useMmap: true });
const context = await model.createContext({ contextSize: 2048, batchSize: 1024 });
const sequence = context.getSequence();

process.on("message", async () => {
  await sequence.clearHistory();
  const tokens = Array.from({ length: promptTokens }, (_, i) => 300 + i);
  let started = performance.now();
  let prefill = 0;
  const steps = [];
  for await (const token of sequence.evaluate(tokens, { temperature: 0, yieldEogToken: true })) {
    void token;
    const now = performance.now();
    if (prefill === 0) prefill = (promptTokens / (now - started)) * 1000;
    else steps.push(now - started);
    if (steps.length === decodeTokens) break;
    started = performance.now();
  }
  steps.sort((a, b) => a - b);
  process.send({ prefill, decode: 1000 / steps[decodeTokens / 2], residentBytes: process.memoryUsage.rss() });
});
process.send("ready");

// node-llama-cpp on a GGUF file; `packages` is a folder where it is installed (it is no dependency of this project).
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [packages, file] = process.argv.slice(2);
const resolve = createRequire(path.join(packages, "package.json")).resolve;
const { getLlama } = await import(pathToFileURL(resolve("node-llama-cpp")).href);

const opened = performance.now();
// Its own default is four threads at least, which wait for each other in vain where there are two cores.
const threads = os.availableParallelism();
const llama = await getLlama({ gpu: false, build: "never", logLevel: "error", maxThreads: threads });
const model = await llama.loadModel({ modelPath: file, useMmap: true });
const context = await model.createContext({ contextSize: 2048, batchSize: 1024, threads });
const sequence = context.getSequence();
const loadSeconds = (performance.now() - opened) / 1000;

const milliseconds = (before) => {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
};

process.on("message", async ({ prompt, decode }) => {
  await sequence.clearHistory();
  const tokens = Array.from({ length: prompt }, (_, i) => 300 + i);
  let started = performance.now();
  let cpu = process.cpuUsage();
  let prefill = 0;
  let prefillCpu = 0;
  const steps = [];
  for await (const token of sequence.evaluate(tokens, { temperature: 0, yieldEogToken: true })) {
    void token;
    const now = performance.now();
    if (prefill === 0) {
      prefill = (prompt / (now - started)) * 1000;
      prefillCpu = milliseconds(cpu) / prompt;
      cpu = process.cpuUsage();
    } else steps.push(now - started);
    if (steps.length === decode) break;
    started = performance.now();
  }
  steps.sort((a, b) => a - b);
  const status = readFileSync("/proc/self/status", "utf8");
  const field = (name) => Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)[1]) / 1024);
  process.send({
    prefill,
    decode: 1000 / steps[Math.floor(decode / 2)],
    prefillCpu,
    decodeCpu: milliseconds(cpu) / decode,
    residentMiB: field("VmRSS"),
    privateMiB: field("RssAnon"),
  });
});
process.send({ loadSeconds });

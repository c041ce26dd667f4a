/**
 * Decoding and reading prompts against node-llama-cpp, in turns within one run: ratios, not figures of a lucky minute.
 *
 *   npx tsx bench/decoder.ts FOLDER PACKAGES GGUF [ROUNDS]
 *
 * FOLDER keeps the random network (1.4 GB), PACKAGES has node-llama-cpp installed, GGUF is a Q4_0 file of Gemma-2B's
 * shape. Both sides stay loaded; each round one reads 600 tokens and writes 24, then the other.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { median, type Round } from "./side";

async function start(file: string, args: readonly string[], execArgv: readonly string[]): Promise<ChildProcess> {
  const child = fork(path.join(import.meta.dirname, file), args, { execArgv: [...execArgv] });
  child.once("exit", (code) => {
    if (code !== null && code !== 0) process.exit(1);
  });
  await once(child, "message");
  return child;
}

async function round(child: ChildProcess): Promise<Round> {
  const reply = once(child, "message");
  child.send("round");
  const [result] = (await reply) as [Round];
  return result;
}

async function main([folder, packages, gguf, rounds = "3"]: readonly string[]): Promise<void> {
  if (folder === undefined || packages === undefined || gguf === undefined) {
    throw new Error("usage: npx tsx bench/decoder.ts FOLDER PACKAGES GGUF [ROUNDS]");
  }
  const own = await start("decoder-own.ts", [folder], ["--import", "tsx"]);
  const other = await start("decoder-llama.mjs", [packages, gguf], []);
  // The first round of each warms up.
  await round(own);
  await round(other);
  const pairs: { own: Round; other: Round }[] = [];
  for (let index = 0; index < Number(rounds); index++) {
    const pair = { own: await round(own), other: await round(other) };
    pairs.push(pair);
    console.log(JSON.stringify(pair));
  }
  for (const field of ["prefill", "decode", "residentBytes"] as const) {
    const ratio = median(pairs.map((pair) => pair.own[field] / pair.other[field]));
    console.log(`${field}: ${ratio.toFixed(2)} × node-llama-cpp`);
  }
  own.kill();
  other.kill();
}

main(process.argv.slice(2)).catch((thrown: unknown) => {
  console.error(thrown);
  process.exitCode = 1;
});

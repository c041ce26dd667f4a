/**
 * Decoding and reading prompts against node-llama-cpp, in turns within one run: ratios, not figures of a lucky minute.
 *
 *   npx tsx bench/decoder.ts FOLDER PACKAGES GGUF [--layers N] [--rounds N] [--prompt N] [--decode N]
 *
 * FOLDER keeps the random network (1.4 GB of 18 layers), PACKAGES has node-llama-cpp installed, GGUF is a Q4_0 file of
 * Gemma-2B's shape with as many layers (random-gguf.py). Both sides stay loaded; each round one reads a prompt and
 * writes some tokens, then the other.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { parseArgs } from "node:util";
import { median, type Ready, type Round, type Work } from "./side";

interface Side {
  readonly child: ChildProcess;
  readonly ready: Ready;
}

async function start(file: string, args: readonly string[], execArgv: readonly string[]): Promise<Side> {
  const child = fork(path.join(__dirname, file), args, { execArgv: [...execArgv] });
  child.once("exit", (code) => {
    if (code !== null && code !== 0) process.exit(1);
  });
  const [ready] = (await once(child, "message")) as [Ready];
  return { child, ready };
}

async function round({ child }: Side, work: Work): Promise<Round> {
  const reply = once(child, "message");
  child.send(work);
  const [result] = (await reply) as [Round];
  return result;
}

const rounded = (values: object): string =>
  JSON.stringify(values, (_, value: unknown) => (typeof value === "number" ? Number(value.toPrecision(4)) : value));

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      layers: { type: "string", default: "18" },
      rounds: { type: "string", default: "3" },
      prompt: { type: "string", default: "600" },
      decode: { type: "string", default: "24" },
    },
  });
  const [folder, packages, gguf] = positionals;
  if (folder === undefined || packages === undefined || gguf === undefined) {
    throw new Error("usage: npx tsx bench/decoder.ts FOLDER PACKAGES GGUF [--layers N] [--rounds N] …");
  }
  const work = { prompt: Number(values.prompt), decode: Number(values.decode) };
  const own = await start("decoder-own.ts", [folder, values.layers], ["--import", "tsx"]);
  const other = await start("decoder-llama.mjs", [packages, gguf], []);
  console.log(rounded({ load: { own: own.ready.loadSeconds, other: other.ready.loadSeconds } }));
  // The first round of each warms up.
  for (const side of [own, other]) await round(side, { prompt: 64, decode: 2 });
  const pairs: { own: Round; other: Round }[] = [];
  for (let index = 0; index < Number(values.rounds); index++) {
    const pair = { own: await round(own, work), other: await round(other, work) };
    pairs.push(pair);
    console.log(rounded(pair));
  }
  for (const field of ["prefill", "decode", "prefillCpu", "decodeCpu", "residentMiB", "privateMiB"] as const) {
    const ratios = pairs.map((pair) => pair.own[field] / pair.other[field]);
    const of = (side: "own" | "other"): number => median(pairs.map((pair) => pair[side][field]));
    console.log(`${field}: ${median(ratios).toFixed(2)} × node-llama-cpp (${rounded([of("own"), of("other")])})`);
  }
  own.child.kill();
  other.child.kill();
}

main().catch((thrown: unknown) => {
  console.error(thrown);
  process.exitCode = 1;
});

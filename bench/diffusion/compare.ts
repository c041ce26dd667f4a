/**
 * This engine and another on one folder, in turns: seconds of a UNet step, of decoding, and of a whole picture of one step
 * from its prompt, for which this engine opens its networks anew.
 *
 *   tsx bench/diffusion/compare.ts FOLDER PYTHON [ROUNDS] [THREADS] [SIDE] [TYPE] [step|decode|picture …]
 *
 * SIDE is that of the latents: 64 for 512 × 512 pixels. TYPE is diffusers' (PyTorch), float32 or bfloat16, or it is
 * "stable-diffusion.cpp", which draws whole pictures only. In turns, so that what else the machine does meets both alike;
 * on a busy machine one thread and seconds of processor time say more. Medians are printed, and the ratio of the pairs.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { createInterface } from "node:readline";

interface Answer {
  readonly wall: number;
  readonly cpu: number;
  readonly peakMiB: number;
}

class Peer {
  readonly load: Promise<number>;
  readonly #child;
  readonly #lines: AsyncIterator<string, undefined>;

  constructor(command: string, args: readonly string[]) {
    this.#child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
    this.load = this.#next<{ load: number }>().then(({ load }) => load);
  }

  ask(work: string): Promise<Answer> {
    this.#child.stdin.write(`${work}\n`);
    return this.#next<Answer>();
  }

  async end(): Promise<void> {
    this.#child.stdin.end();
    await once(this.#child, "exit");
  }

  async #next<T>(): Promise<T> {
    const line: IteratorResult<string, undefined> = await this.#lines.next();
    if (line.done === true) throw new Error("a peer ended early");
    return JSON.parse(line.value) as T;
  }
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;

async function main([
  folder,
  python,
  rounds = "3",
  threads = "2",
  side = "64",
  type = "float32",
  ...asked
]: readonly string[]): Promise<void> {
  if (folder === undefined || python === undefined)
    throw new TypeError("usage: compare.ts FOLDER PYTHON [ROUNDS] [THREADS] [SIDE] [TYPE] [WORK …]");
  const works = asked.length > 0 ? asked : ["step", "decode", "picture"];
  const here = import.meta.dirname;
  const engine = new Peer("npx", ["tsx", path.join(here, "engine-peer.ts"), folder, threads, side]);
  const engineLoad = await engine.load;
  const script = type === "stable-diffusion.cpp" ? "stable-diffusion-cpp-peer.py" : "diffusers-peer.py";
  const other = new Peer(python, [path.join(here, script), folder, threads, side, type, ...works]);
  const load = { engine: engineLoad, other: await other.load };
  process.stdout.write(`${JSON.stringify({ load })}\n`);
  for (const work of works) {
    const pairs: { engine: Answer; other: Answer }[] = [];
    for (let round = 0; round <= Number(rounds); round++) {
      const pair = { engine: await engine.ask(work), other: await other.ask(work) };
      process.stdout.write(`${JSON.stringify({ work, round, ...pair })}\n`);
      // The first round reads weights from disk; it counts where it is the only one.
      if (round > 0 || rounds === "0") pairs.push(pair);
    }
    const of = (pick: (pair: (typeof pairs)[number]) => number): number => Number(median(pairs.map(pick)).toFixed(3));
    const summary = {
      work,
      engineWall: of(({ engine: { wall } }) => wall),
      otherWall: of(({ other: { wall } }) => wall),
      engineCpu: of(({ engine: { cpu } }) => cpu),
      otherCpu: of(({ other: { cpu } }) => cpu),
      timesAsFast: of((pair) => pair.other.wall / pair.engine.wall),
    };
    process.stdout.write(`${JSON.stringify(summary)}\n`);
  }
  await Promise.all([engine.end(), other.end()]);
}

void main(process.argv.slice(2));

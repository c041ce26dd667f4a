/** One side of a paired measurement: a process that does a round whenever it is asked, so that sides can take turns. */
import { readFileSync } from "node:fs";

export interface Work {
  /** Tokens to read, and to write after them. */
  readonly prompt: number;
  readonly decode: number;
}

export interface Ready {
  readonly loadSeconds: number;
}

export interface Round {
  /** Tokens a second. */
  readonly prefill: number;
  readonly decode: number;
  /** Processor time of all threads, in milliseconds a token: what the work costs even where it had to wait. */
  readonly prefillCpu: number;
  readonly decodeCpu: number;
  /** Resident memory, what is mapped from files included, and the part that is not. */
  readonly residentMiB: number;
  readonly privateMiB: number;
}

/** Answers every message of the parent with a round, and tells when it is ready. */
export function serveRounds(ready: Ready, round: (work: Work) => Promise<Round>): void {
  process.on("message", (work: Work) => {
    round(work).then(
      (result) => process.send?.(result),
      (thrown: unknown) => {
        console.error(thrown);
        process.exit(1);
      },
    );
  });
  process.send?.(ready);
}

/** Of this process, on Linux. */
export function memory(): Pick<Round, "residentMiB" | "privateMiB"> {
  const status = readFileSync("/proc/self/status", "utf8");
  const field = (name: string): number => Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1024);
  return { residentMiB: field("VmRSS"), privateMiB: field("RssAnon") };
}

/** Processor milliseconds since `before`. */
export function cpuMilliseconds(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

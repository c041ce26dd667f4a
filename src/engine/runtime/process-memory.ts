/** Memory of this process. */
import { readFileSync } from "node:fs";

/** Largest resident set so far, in bytes, as the operating system counts it. */
export function peakResidentBytes(): number {
  // getrusage gives KiB on every platform through Node.
  return process.resourceUsage().maxRSS * 1024;
}

export function residentBytes(): number {
  return process.memoryUsage.rss();
}

/** Memory that this machine (or the container around the process) can still give, in bytes. */
export function availableBytes(): number {
  return process.availableMemory();
}

/** Whether the CPU has the instructions that the native libraries need; `undefined` where that cannot be told. */
export function hasAvx2(): boolean | undefined {
  if (process.arch !== "x64") return true;
  if (process.platform !== "linux") return undefined;
  try {
    return /\bavx2\b/.test(readFileSync("/proc/cpuinfo", "utf8"));
  } catch {
    return undefined;
  }
}

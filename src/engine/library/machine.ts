/** What this machine has to run models with. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readdir, readFile, statfs } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import type { Gpu, MachineFacts } from "../../shared/library-protocol";
import { availableBytes, hasAvx2 } from "../runtime/process-memory";

/** @param folder where models are kept; the nearest one that exists tells the free space. */
export async function describeMachine(folder: string): Promise<MachineFacts> {
  const processors = os.cpus();
  return {
    platform: process.platform,
    architecture: process.arch,
    processor: processors[0]?.model.trim() ?? process.arch,
    cores: os.availableParallelism(),
    memoryBytes: Math.min(os.totalmem(), process.constrainedMemory() || Infinity),
    availableMemoryBytes: availableBytes(),
    freeDiskBytes: await freeBytes(folder),
    avx2: hasAvx2() ?? null,
    gpus: await findGpus(),
  };
}

async function freeBytes(folder: string): Promise<number> {
  for (let place = path.resolve(folder); ; place = path.dirname(place)) {
    const found = await statfs(place).catch(() => undefined);
    if (found !== undefined) return found.bavail * found.bsize;
    if (place === path.dirname(place)) return 0;
  }
}

async function findGpus(): Promise<readonly Gpu[]> {
  const nvidia = await nvidiaGpus();
  if (nvidia.length > 0) return nvidia;
  if (process.platform === "darwin" && process.arch === "arm64") return [{ name: "Apple GPU", memoryBytes: null }];
  return process.platform === "linux" ? linuxGpus() : [];
}

/** NVIDIA's own tool, where its driver is installed. */
async function nvidiaGpus(): Promise<readonly Gpu[]> {
  const places =
    process.platform === "win32"
      ? [path.join(process.env["SystemRoot"] ?? "C:\\Windows", "System32", "nvidia-smi.exe")]
      : ["/usr/bin/nvidia-smi", "/usr/local/bin/nvidia-smi"];
  const tool = places.find((place) => existsSync(place));
  if (tool === undefined) return [];
  try {
    const { stdout } = await promisify(execFile)(
      tool,
      ["--query-gpu=name,memory.total", "--format=csv,noheader,nounits"],
      { timeout: 5_000 },
    );
    return stdout.trim().split("\n").flatMap(parseNvidia);
  } catch {
    // A driver that does not answer is as good as none.
    return [];
  }
}

function parseNvidia(line: string): readonly Gpu[] {
  const [name = "", mebibytes = ""] = line.split(",").map((part) => part.trim());
  if (name === "") return [];
  const memoryBytes = Number(mebibytes) * 2 ** 20;
  return [{ name, memoryBytes: memoryBytes > 0 ? memoryBytes : null }];
}

const vendors: ReadonlyMap<string, string> = new Map([
  ["0x10de", "NVIDIA GPU"],
  ["0x1002", "AMD GPU"],
  ["0x8086", "Intel GPU"],
]);

async function linuxGpus(): Promise<readonly Gpu[]> {
  const root = "/sys/class/drm";
  const cards = (await readdir(root).catch(() => [])).filter((name) => /^card\d+$/.test(name));
  const found = await Promise.all(
    cards.map(async (card) => {
      const vendor = await readFile(path.join(root, card, "device", "vendor"), "utf8").catch(() => "");
      const memory = await readFile(path.join(root, card, "device", "mem_info_vram_total"), "utf8").catch(() => "");
      const name = vendors.get(vendor.trim());
      return name === undefined ? [] : [{ name, memoryBytes: Number(memory) > 0 ? Number(memory) : null }];
    }),
  );
  return found.flat();
}

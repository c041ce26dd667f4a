/** Which device was the fastest for a network, kept in a file. Loads no native code: the library reads it too. */
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Device } from "../../shared/protocol";

type ChosenDevice = Exclude<Device, "auto">;

/** The file of all choices, and the name of a prepared model's in it. */
export const deviceMemory = (preparedRoot: string): string => path.join(preparedRoot, "devices.json");
export const deviceKey = (folder: string, source: string): string => `${path.basename(folder)}-${source.slice(0, 12)}`;

/** Where a network runs. */
export interface Placement {
  readonly device: ChosenDevice;
  /** Positions over which the device's attention can be trusted; `undefined` sets no bound. */
  readonly largestChunk?: number | undefined;
}

export interface RememberedDevice extends Placement {
  /** On the CPU: positions from which on prompts are read layer by layer; 0 where that is never faster. */
  readonly longFrom?: number | undefined;
  /** Set while a device is being tried: if the process ends then, the next start finds it here. */
  readonly trying?: ChosenDevice;
  readonly fatal?: readonly ChosenDevice[];
}

/** The choices by the names of the networks; none where the file is absent or spoilt. */
export async function recallDevices(memory: string): Promise<Readonly<Record<string, RememberedDevice>>> {
  try {
    return JSON.parse(await readFile(memory, "utf8")) as Record<string, RememberedDevice>;
  } catch {
    // Absent or spoilt: the choice is made anew.
    return {};
  }
}

export async function rememberDevice(memory: string, key: string, choice: RememberedDevice): Promise<void> {
  const text = JSON.stringify({ ...(await recallDevices(memory)), [key]: choice }, undefined, 1);
  const temporary = path.join(path.dirname(memory), `.${path.basename(memory)}.${process.pid}`);
  // With the embedded starter nothing has been prepared yet, and the folder may not be there.
  await mkdir(path.dirname(memory), { recursive: true });
  await writeFile(temporary, text);
  await rename(temporary, memory);
}

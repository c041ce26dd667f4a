/**
 * The engines of all windows on this machine, so that one window can say what another one's engine holds.
 *
 * Each window keeps a small file about its engine in a folder that all share; files of windows that ended badly are
 * removed by the next one that looks.
 */
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { processAlive } from "./process-alive";

export interface RegisteredEngine {
  /** Process id of the engine. */
  readonly process: number;
  /** Process id of its window's extension host. */
  readonly host: number;
  readonly model: string;
  readonly memoryBytes: number;
}

export class EngineRegistry {
  readonly #folder: string;
  #announced: RegisteredEngine | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async announce(engine: RegisteredEngine): Promise<void> {
    const known = this.#announced;
    if (known?.process === engine.process && known.memoryBytes === engine.memoryBytes) return;
    this.#announced = engine;
    await mkdir(this.#folder, { recursive: true });
    await writeFile(this.#file(engine), JSON.stringify(engine));
  }

  /** The engine that was announced has ended. */
  async withdraw(): Promise<void> {
    const engine = this.#announced;
    this.#announced = undefined;
    if (engine !== undefined) await rm(this.#file(engine), { force: true });
  }

  /** Engines of other windows that are alive, largest first. */
  async others(host: number): Promise<readonly RegisteredEngine[]> {
    const names = await readdir(this.#folder).catch(() => []);
    const engines: RegisteredEngine[] = [];
    for (const name of names) {
      const engine = await this.#read(name);
      if (engine === undefined || !processAlive(engine.process) || !processAlive(engine.host)) {
        await rm(path.join(this.#folder, name), { force: true });
      } else if (engine.host !== host) engines.push(engine);
    }
    return engines.sort((a, b) => b.memoryBytes - a.memoryBytes);
  }

  #file(engine: RegisteredEngine): string {
    return path.join(this.#folder, `${engine.process}.json`);
  }

  /** Undefined for what another window is just writing or has removed. */
  async #read(name: string): Promise<RegisteredEngine | undefined> {
    try {
      return JSON.parse(await readFile(path.join(this.#folder, name), "utf8")) as RegisteredEngine;
    } catch {
      return undefined;
    }
  }
}

/** `serve`: an OpenAI-compatible server over this engine, for this machine's other tools. */
import { BlockList, isIPv4, isIPv6 } from "node:net";
import path from "node:path";
import { FailureError } from "../../shared/failure";
import { EngineServer } from "../serve/server";
import { newToken, tokenOf } from "../serve/token";
import { packageRoot } from "../platform/package-root";
import { type AnswerOptions, loadParams, newEngine } from "./options";

export interface ServeOptions extends AnswerOptions {
  readonly port: number;
  readonly host: string;
  readonly expose: boolean;
  readonly tokenFile?: string;
  readonly allowHost: readonly string[];
  readonly corsOrigin: readonly string[];
  readonly queue: number;
  readonly maxBodyMib: number;
  readonly idleUnloadMinutes: number;
  readonly illustrator?: string;
  readonly temperature: number;
  readonly ocr: boolean;
}

/** How long open requests may go on after the first signal to end. */
const graceMilliseconds = 30_000;

export async function serveCommand(options: ServeOptions): Promise<void> {
  const { host, port } = options;
  if (!isLoopback(host) && !options.expose) {
    const expected = "an address of this machine alone, or --expose given as well";
    throw new FailureError({ code: "option-invalid", option: "--host", expected, found: host });
  }
  const { token, note } = await chooseToken(options.tokenFile);
  const ending = endSignal();
  const engine = newEngine();
  const load = { ...loadParams(options), idleUnloadSeconds: options.idleUnloadMinutes * 60 };
  const loaded = await engine.handlers.load(load, { signal: ending, part: () => undefined });
  for (const notice of loaded.notices) process.stderr.write(`${JSON.stringify(notice)}\n`);
  const server = new EngineServer({
    token,
    hostNames: options.allowHost.map((name) => name.toLowerCase()),
    origins: options.corsOrigin,
    waiting: options.queue,
    log: (line) => {
      process.stderr.write(`${new Date().toISOString()} ${line}\n`);
    },
    service: {
      engine: engine.handlers,
      model: loaded.name,
      load,
      illustrator: path.resolve(options.illustrator ?? path.join(packageRoot(), "media", "illustrator")),
      defaults: {
        sampling: { maxTokens: options.maxTokens, temperature: options.temperature },
        ocr: options.ocr,
        template: options.template,
      },
      started: Date.now(),
      bodyLimit: options.maxBodyMib * 2 ** 20,
    },
  });
  const address = await listen(server, port, host);
  const name = isIPv6(address.address) ? `[${address.address}]` : address.address;
  process.stdout.write(`${loaded.name} at http://${name}:${address.port}/v1\n${note}\n`);
  await new Promise<void>((resolve) => {
    if (ending.aborted) resolve();
    ending.addEventListener("abort", () => {
      resolve();
    });
  });
  process.stderr.write("Ending after the open requests; once more to end at once.\n");
  await server.close(graceMilliseconds);
  await engine.handlers.unload({}, { signal: new AbortController().signal, part: () => undefined });
}

async function chooseToken(file: string | undefined): Promise<{ readonly token: string; readonly note: string }> {
  if (file === undefined) {
    const token = newToken();
    return { token, note: `Token (shown this once): ${token}` };
  }
  const { token, wrote } = await tokenOf(path.resolve(file));
  return { token, note: `Token: ${wrote ? "written to" : "read from"} ${file}` };
}

async function listen(server: EngineServer, port: number, host: string): ReturnType<EngineServer["listen"]> {
  try {
    return await server.listen(port, host);
  } catch (thrown) {
    if (!(thrown instanceof Error) || !("code" in thrown)) throw thrown;
    const found = `${host}, port ${port} (${String(thrown.code)})`;
    throw new FailureError(
      { code: "option-invalid", option: "--host and --port", expected: "an address that is free", found },
      { cause: thrown },
    );
  }
}

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8);
loopback.addAddress("::1", "ipv6");

/** Names other than `localhost` may be looked up as anything. */
function isLoopback(host: string): boolean {
  if (isIPv4(host)) return loopback.check(host);
  return isIPv6(host) ? loopback.check(host, "ipv6") : host === "localhost";
}

/** Fires on the first signal to end; the second ends the process at once. */
function endSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(130);
      controller.abort();
    });
  }
  return controller.signal;
}

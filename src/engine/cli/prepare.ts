/** `prepare DIR`: writes the prepared form and prints where it is. */
import type { PrepareParams, Precision } from "../../shared/protocol";
import { readModelConfig } from "../model/config";
import { interruptSignal, loadParams, type ModelOptions, newEngine } from "./options";

export async function prepareCommand(folder: string, options: ModelOptions): Promise<void> {
  const precision = options.precision ?? (await bestPrecision(folder));
  const { model, encoders, preparedRoot }: PrepareParams = loadParams({ ...options, model: folder });
  const result = await newEngine().handlers.prepare(
    { model, encoders, precision, preparedRoot },
    {
      signal: interruptSignal(),
      part: ({ done, total }) => {
        if (process.stderr.isTTY) process.stderr.write(`\r${Math.round((100 * done) / Math.max(total, 1))} %`);
      },
    },
  );
  if (process.stderr.isTTY) process.stderr.write("\r\u001b[K");
  process.stdout.write(`${result.folder}\n${(result.bytes / 2 ** 20).toFixed(1)} MiB\n`);
}

/** Narrow models lose too much in four bits (docs/performance.md has the figures), and are small in eight. */
const narrow = 1024;

async function bestPrecision(folder: string): Promise<Precision> {
  // A configuration that cannot be read is told about by preparing; a prepared folder needs none.
  const config = await readModelConfig(folder).catch(() => undefined);
  return config !== undefined && config.hiddenSize < narrow ? "int8" : "int4";
}

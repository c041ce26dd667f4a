/** `prepare DIR`: writes the prepared form and prints where it is. */
import type { PrepareParams } from "../../shared/protocol";
import { interruptSignal, loadParams, type ModelOptions, newEngine } from "./options";

export async function prepareCommand(folder: string, options: ModelOptions): Promise<void> {
  const { model, encoders, precision, preparedRoot }: PrepareParams = loadParams({ ...options, model: folder });
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

/** Work on several things at once, up to a limit; the first failure ends the rest. */
export async function inParallel<T>(
  things: readonly T[],
  limit: number,
  signal: AbortSignal | undefined,
  work: (thing: T, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const controller = new AbortController();
  const both = signal === undefined ? controller.signal : AbortSignal.any([signal, controller.signal]);
  const failures: unknown[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let thing = things[next++]; thing !== undefined && failures.length === 0; thing = things[next++]) {
      try {
        await work(thing, both);
      } catch (thrown) {
        failures.push(thrown);
        controller.abort();
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, things.length) }, worker));
  if (failures.length > 0) throw failures[0];
}

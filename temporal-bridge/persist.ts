// Asks until there is an answer: that the edge can't be reached is never a reason to give a run up.
import { backoff, EdgeError } from "./edge.ts";

/** Rejects with the signal's reason when aborted, and at once with what will not pass. */
export async function persist<T>(
  ask: () => Promise<T>,
  signal: AbortSignal,
  sleep: (ms: number) => Promise<void>,
  random: () => number,
): Promise<T> {
  for (let failures = 1; ; failures++) {
    signal.throwIfAborted();
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof EdgeError) || error.final) throw error;
      await sleep(backoff(failures, random));
    }
  }
}
